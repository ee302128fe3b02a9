//! The service of the tonic peer, without a protobuf compiler.

use tonic_build::manual::{Builder, Method, Service};

fn main() {
    let echo = Method::builder()
        .name("echo")
        .route_name("Echo")
        .input_type("crate::RawBody")
        .output_type("crate::RawBody")
        .codec_path("tonic_prost::ProstCodec")
        .build();
    let service = Service::builder()
        .name("Echo")
        .package("perf")
        .method(echo)
        .build();
    Builder::new().compile(&[service]);
}

use bolt_codec::{Protocol, Role};

struct Json;

impl Protocol for Json {
    type Frame = Message;
    type Decoder = Codec;
    type Encoder = Codec;
    type Session = ();

    const NAME: &'static str = "json";

    fn open(&self, _role: Role, limits: &Limits) -> (Codec, Codec, ()) {
        (Codec { limits: *limits }, Codec { limits: *limits }, ())
    }
}

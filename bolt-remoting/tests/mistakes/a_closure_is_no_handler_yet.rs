//! `handler_fn` was forgotten.

use bolt_codec::bolt::{Bolt, BoltFrame};
use bolt_remoting::Server;

fn main() {
    Server::builder(Bolt::default(), |_cx, request: BoltFrame| async move {
        Some(request)
    });
}

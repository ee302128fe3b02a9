//! Each protocol of this crate with everything that the engine has: pools, heartbeats, deadlines,
//! orderly ends, TLS; and against peers that send garbage, halves of frames, and announcements of too
//! much.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)]

mod cases;
mod engine;
mod ill_will;

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

const PATIENCE: Duration = Duration::from_secs(30);

fn far() -> Instant {
    Instant::now() + PATIENCE
}

macro_rules! protocol {
    ($name:ident, $greeting:expr, $garbage:expr) => {
        mod $name {
            use super::*;
            use crate::cases::$name;

            #[tokio::test]
            async fn has_pools_deadlines_orderly_ends_and_tls() {
                $name().has_everything().await;
            }

            #[tokio::test(start_paused = true)]
            async fn keeps_a_silent_connection_alive() {
                $name().keeps_alive().await;
            }

            #[tokio::test]
            async fn bad_clients_harm_themselves_only() {
                $name().survives().await;
            }

            #[tokio::test]
            async fn bad_servers_end_their_connection() {
                $name().survives_servers($greeting, $garbage).await;
            }

            #[test]
            fn halves_of_frames_are_noticed_at_the_end() {
                $name().notices_halves();
            }

            #[test]
            fn limits_are_kept() {
                $name().keeps_to_limits();
            }

            proptest! {
                #[test]
                fn frames_may_come_in_any_pieces(cuts in prop::collection::vec(any::<usize>(), 0..20)) {
                    $name().understands_pieces(&cuts);
                }

                #[test]
                fn any_bytes_are_frames_or_an_error(
                    noise in prop::collection::vec(any::<u8>(), 0..200),
                    at in any::<usize>(),
                    piece in 1_usize..50,
                ) {
                    $name().survives_bytes(&noise, at, piece);
                }
            }
        }
    };
}

protocol!(json, b"", b"\0\0\0\x03{]}");
protocol!(resp, b"", b"!what\r\n");
protocol!(mail, b"220 a server\r\n", b"two hundred\r\n");
protocol!(seata, b"", b"\xda\xdb\x01");

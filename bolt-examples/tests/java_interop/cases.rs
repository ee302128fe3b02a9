//! What has to be tried. The lists stand here, and are not asked of the clients, so that a
//! scenario that gets lost is a failure.

use crate::group::{Direction, Group, Version};
use crate::keystores::Security;

/// Scenarios of the contract (`CONTRACT.md`) that any number of clients may run at the same time.
const SHARED: [&str; 33] = [
    "sync",
    "blocking",
    "string",
    "types",
    "oneway",
    "future",
    "callback",
    "concurrent",
    "big",
    "empty",
    "null",
    "timeout",
    "connect-refused",
    "unknown-class",
    "server-exception",
    "serial-exception",
    "deserial-exception",
    "async",
    "async-exception",
    "multi-interest",
    "custom-serializer",
    "executor-selector",
    "io-thread",
    "duplex",
    "v1",
    "v2-1",
    "v2-2",
    "crc",
    "heartbeat",
    "close-pending",
    "server-close-pending",
    "cancel",
    "pool",
];

/// Scenarios that concern the whole server.
const ALONE: [&str; 3] = ["busy", "failfast", "reconnect"];

/// Scenarios for a server that closes silent connections.
const IDLE: [&str; 2] = ["server-idle", "idle-with-heartbeat"];
const IDLE_SERVER: [&str; 2] = ["--idle-timeout-ms", "1000"];

/// For a server that sends heartbeats; the Java client answers those of any server unseen.
const SERVER_BEATS: [&str; 1] = ["server-heartbeat"];
const BEATING_SERVER: [&str; 2] = ["--heartbeat-interval-ms", "100"];

/// For TLS; frames can't be looked at there. The versions are Java's choice: 1.2.
const SECURED: [&str; 7] = [
    "tls",
    "tls-plain-client",
    "sync",
    "concurrent",
    "big",
    "timeout",
    "server-close-pending",
];

/// Frames by hand: split, batched, damaged or odd.
const RAW: [&str; 27] = [
    "raw-split",
    "raw-split-first-byte",
    "raw-batch",
    "raw-mixed-versions",
    "raw-heartbeat",
    "raw-null",
    "raw-switch",
    "raw-answer-class",
    "raw-timeout-field",
    "raw-unknown-class",
    "raw-no-class",
    "raw-garbage",
    "raw-unknown-codec",
    "raw-oneway-error",
    "raw-broken-off",
    "raw-command-77",
    "raw-command-100",
    "raw-unknown-id",
    "raw-unknown-status",
    "raw-bad-crc",
    "raw-bad-protocol",
    "raw-bad-type",
    "raw-bad-switch",
    "raw-bad-version",
    "raw-oversize",
    "raw-long-class",
    "raw-negative-length",
];

const VERSIONS: [&str; 4] = ["v1", "v2.1", "v2.2-crc", "v2.2-nocrc"];
const STYLES: [&str; 4] = ["sync", "oneway", "future", "callback"];
const VALUES: [&str; 6] = ["string", "pojo", "nested", "bytes", "null", "empty"];

/// What a server does besides answering at once, for the versions that the address doesn't ask for
/// by default.
const IN_EVERY_VERSION: [&str; 15] = [
    "types",
    "big",
    "empty",
    "null",
    "timeout",
    "unknown-class",
    "server-exception",
    "serial-exception",
    "deserial-exception",
    "async-exception",
    "multi-interest",
    "custom-serializer",
    "executor-selector",
    "io-thread",
    "duplex",
];
const V2_1: Version = Version {
    name: "v2.1",
    query: "_PROTOCOL=2&_VERSION=1",
};
const V2_2: Version = Version {
    name: "v2.2",
    query: "_PROTOCOL=2&_VERSION=2",
};

/// Every group has a server of its own and one run of the client.
pub(crate) fn groups() -> Vec<Group> {
    let both = Direction::ALL.into_iter().flat_map(|direction| {
        [
            Group::new(direction, matrix()),
            Group::new(direction, SHARED),
            Group::new(direction, IN_EVERY_VERSION).version(&V2_1),
            Group::new(direction, IN_EVERY_VERSION).version(&V2_2),
            Group::new(direction, ALONE),
            Group::new(direction, IDLE).server_options(&IDLE_SERVER),
            Group::new(direction, SECURED).security(Security::ServerOnly),
            Group::new(direction, SECURED).security(Security::Mutual),
        ]
    });
    let one_way = [
        Group::new(Direction::RustToJava, SERVER_BEATS).server_options(&BEATING_SERVER),
        Group::new(Direction::JavaToRust, RAW),
    ];
    both.chain(one_way).collect()
}

fn matrix() -> Vec<String> {
    let mut cells = Vec::new();
    for version in VERSIONS {
        for style in STYLES {
            for value in VALUES {
                cells.push(format!("matrix/{version}/{style}/{value}"));
            }
        }
    }
    cells
}

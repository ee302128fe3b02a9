package peer.bolt;

/** The styles of invocation that have an outcome. */
enum Style {
    SYNC, FUTURE, CALLBACK
}

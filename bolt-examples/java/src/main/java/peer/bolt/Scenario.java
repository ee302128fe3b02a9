package peer.bolt;

/** One check of a server; the result is a detail for the reader. */
interface Scenario {
    String run(Env env) throws Exception;
}

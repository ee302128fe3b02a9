package peer.bolt;
import java.util.Map;
final class RawScenarios { static void addTo(Map<String, Scenario> all) { } }

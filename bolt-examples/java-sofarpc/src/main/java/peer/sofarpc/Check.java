package peer.sofarpc;

import java.util.Objects;
import java.util.concurrent.Callable;

/** Assertions with texts that name what was seen. */
final class Check {
    private Check() {
    }

    /** A check that did not hold. */
    static final class Failure extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Failure(String message) {
            super(message);
        }
    }

    static void that(boolean holds, String otherwise) {
        if (!holds) {
            throw new Failure(otherwise);
        }
    }

    /** Arrays by content. */
    static void equal(String what, Object expected, Object actual) {
        if (!Objects.deepEquals(expected, actual)) {
            throw new Failure(what + ": expected " + expected + " but was " + actual);
        }
    }

    static void person(Person expected, Person actual) {
        if (expected == null || actual == null) {
            equal("person", expected, actual);
            return;
        }
        equal("name", expected.name, actual.name);
        equal("tags", expected.tags, actual.tags);
        equal("born", expected.born, actual.born);
    }

    /** The action must fail with exactly this class. */
    static <E extends Throwable> E fails(Class<E> expected, Callable<?> action) {
        Object value;
        try {
            value = action.call();
        } catch (Throwable e) {
            if (e.getClass() == expected) {
                return expected.cast(e);
            }
            throw new Failure("expected " + expected.getSimpleName() + " but was " + e);
        }
        throw new Failure("expected " + expected.getSimpleName() + " but was answered " + value);
    }
}

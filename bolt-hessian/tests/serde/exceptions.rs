//! Java exceptions.

use super::*;

#[test]
fn an_exception_is_written_in_the_form_that_every_jvm_reads() {
    let exception = JavaException {
        stack_trace: vec![StackFrame {
            class_name: "fx.A".into(),
            method: "run".into(),
            file: None,
            line: -2,
        }],
        cause: Some(Box::new(JavaException::new("fx.Cause", "why"))),
        ..JavaException::new("fx.Ex", "what")
    };
    let frame = Value::object(
        "java.lang.StackTraceElement",
        [
            ("declaringClass", "fx.A".into()),
            ("methodName", "run".into()),
            ("fileName", Value::Null),
            ("lineNumber", (-2).into()),
        ],
    );
    assert_eq!(
        tree(&exception),
        Value::object(
            "fx.Ex",
            [
                ("detailMessage", "what caused by fx.Cause: why".into()),
                ("cause", Value::Null),
                (
                    "stackTrace",
                    Value::typed_list("[java.lang.StackTraceElement", [frame])
                ),
                ("suppressedExceptions", Value::Null),
            ]
        )
    );
    assert_eq!(
        exception.stack_trace[0].to_string(),
        "fx.A.run(Native Method)"
    );
}

#[test]
fn an_exception_is_read_with_its_causes_and_without_itself_as_a_cause() {
    let inner = Value::object(
        "fx.In",
        [("detailMessage", Value::Null), ("cause", Value::Ref(1))],
    );
    let outer = Value::object("fx.Out", [("cause", inner), ("detailMessage", "m".into())]);
    let read: JavaException = typed(&outer).unwrap();
    assert_eq!(read.to_string(), "fx.Out: m");
    let cause = read.cause.unwrap();
    assert_eq!((cause.class_name.as_str(), cause.message), ("fx.In", None));
    assert_eq!(cause.cause, None);
    assert!(typed::<JavaException>(&Value::object("fx.Pt", [("x", 1.into())])).is_err());
    assert!(typed::<JavaException>(&"text".into()).is_err());
}

#[test]
fn one_long_class_name_is_not_copied_for_every_cause() {
    let chain = |class: &str| {
        let end = Value::object(class, [("cause", Value::Null)]);
        let chain = (1..50).fold(end, |cause, _| Value::object(class, [("cause", cause)]));
        let mut next = typed::<JavaException>(&chain).unwrap();
        let mut names = vec![next.class_name];
        while let Some(cause) = next.cause {
            next = *cause;
            names.push(next.class_name);
        }
        names
    };
    assert_eq!(chain("java.lang.RuntimeException").len(), 50);
    assert_eq!(chain(&"n".repeat(100_000)).len(), 1);
}

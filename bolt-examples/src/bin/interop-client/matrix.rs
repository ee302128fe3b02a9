//! Every version of the protocol × every style × every kind of value.

use crate::caller::{Style, TIMEOUT};
use crate::check::{self, Outcome};
use crate::env::Env;
use crate::samples::{self, Sample, TEXT};
use crate::scenario::Scenarios;

/// A version of the protocol, as an address asks for it and as its frames look.
#[derive(Clone, Copy)]
struct Version {
    name: &'static str,
    query: &'static str,
    crc: bool,
    form: &'static str,
}

const VERSIONS: [Version; 4] = [
    Version {
        name: "v1",
        query: "_PROTOCOL=1",
        crc: true,
        form: "v1",
    },
    Version {
        name: "v2.1",
        query: "_PROTOCOL=2&_VERSION=1",
        crc: true,
        form: "v2.1",
    },
    Version {
        name: "v2.2-crc",
        query: "_PROTOCOL=2&_VERSION=2",
        crc: true,
        form: "v2.2+crc",
    },
    Version {
        name: "v2.2-nocrc",
        query: "_PROTOCOL=2&_VERSION=2",
        crc: false,
        form: "v2.2",
    },
];

/// The last one has no outcome.
const STYLES: [(&str, Option<Style>); 4] = [
    ("sync", Some(Style::Sync)),
    ("future", Some(Style::Future)),
    ("callback", Some(Style::Callback)),
    ("oneway", None),
];

pub(crate) fn add_to(all: &mut Scenarios) {
    for version in VERSIONS {
        for style in STYLES {
            add(all, version, style, "string", || TEXT.to_owned());
            add(all, version, style, "pojo", || samples::echo(7, 300));
            add(all, version, style, "nested", samples::nested);
            add(all, version, style, "bytes", || samples::bytes(5000));
            add(all, version, style, "null", samples::null);
            add(all, version, style, "empty", String::new);
        }
    }
}

fn add<S: Sample>(
    all: &mut Scenarios,
    version: Version,
    (style_name, style): (&str, Option<Style>),
    value_name: &str,
    sample: fn() -> S,
) {
    let name = format!("matrix/{}/{style_name}/{value_name}", version.name);
    all.add(name, move |env| cell(env, version, style, sample()));
}

async fn cell<S: Sample>(
    mut env: Env,
    version: Version,
    style: Option<Style>,
    sample: S,
) -> Outcome {
    env.crc = version.crc;
    let (caller, tap) = env.open_tapped(version.query).await?;
    let detail = match style {
        Some(style) => caller.exchange(style, &sample).await?,
        None => {
            let before = caller.stats(S::CLASS).await?;
            caller.oneway(&sample).await?;
            let one_more = async || Ok(caller.stats(S::CLASS).await? > before);
            check::eventually("arrived", true, TIMEOUT, one_more).await?;
            format!("counted as {}", S::CLASS)
        }
    };
    tap.all_in_form(version.form, usize::from(style.is_none()))?;
    Ok(detail)
}

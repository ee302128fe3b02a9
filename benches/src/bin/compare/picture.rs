//! The main cell as a picture: bars of throughput and of CPU per call.

use std::fmt::Write;

use crate::peers::{AWAIT, EPOLL, JAVA, OURS, TARPC, TONIC, TUNED};
use crate::results::{Metric, Results};
use crate::targets::number;

const CELL: &str = "1x256";
const PEERS: [&str; 7] = [OURS, AWAIT, TUNED, JAVA, TARPC, TONIC, EPOLL];
const LABELS: usize = 130;
const BARS: f64 = 420.0;
const ROW: usize = 24;
const WIDTH: usize = 640;
const TITLE: usize = 34;

/// An image of its own background, readable on light and dark pages.
pub(crate) fn svg(results: &Results) -> String {
    let panels = [
        (
            "CPU of client and server, µs a call (less is better)",
            Metric::Cpu,
            1.0,
        ),
        (
            "Thousand calls a second on the cores of both (more is better)",
            Metric::Throughput,
            1000.0,
        ),
    ];
    let mut body = String::new();
    let mut y = 40;
    for (title, metric, unit) in panels {
        y = panel(&mut body, y, title, |peer| {
            Some(results.median(CELL, peer, metric)? / unit)
        });
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{y}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{y}\" rx=\"6\" fill=\"#fff\"/>\n\
         <text x=\"16\" y=\"26\" font-size=\"15\" font-weight=\"bold\" fill=\"#222\">1 KiB echo, 1 \
         connection, 256 calls outstanding</text>\n{body}</svg>\n"
    )
}

fn panel(body: &mut String, top: usize, title: &str, value: impl Fn(&str) -> Option<f64>) -> usize {
    let values: Vec<(&str, f64)> = PEERS
        .iter()
        .filter_map(|peer| Some((*peer, value(peer)?)))
        .collect();
    let most = values
        .iter()
        .map(|(_, value)| *value)
        .fold(f64::MIN_POSITIVE, f64::max);
    let _ = writeln!(
        body,
        "<text x=\"16\" y=\"{}\" fill=\"#555\">{title}</text>",
        top + 16
    );
    let mut y = top + TITLE - 8;
    for (peer, value) in values {
        let colour = match peer {
            OURS | AWAIT => "#c2410c",
            EPOLL => "#cbd5e1",
            _ => "#64748b",
        };
        let length = (value / most * BARS).max(1.0);
        let label = if peer == EPOLL {
            "bare epoll echo"
        } else {
            peer
        };
        let _ = writeln!(
            body,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"#222\">{label}</text>\
             <rect x=\"{LABELS}\" y=\"{}\" width=\"{length:.0}\" height=\"16\" fill=\"{colour}\"/>\
             <text x=\"{:.0}\" y=\"{}\" fill=\"#222\">{}</text>",
            LABELS - 8,
            y + 16,
            y + 4,
            LABELS as f64 + length + 6.0,
            y + 16,
            number(value),
        );
        y += ROW;
    }
    y + 16
}

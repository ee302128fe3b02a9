//! `DuplexRequest`: the server calls the client on the connection that the request came on.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use bolt_examples::contract::{CallbackRequest, DuplexRequest, Text, or_null};
use bolt_remoting::rpc::{HandlerError, HandlerResult, RequestContext};

use crate::app::App;

const DEADLINE: Duration = Duration::from_secs(3);

pub(crate) async fn answer(
    _app: Arc<App>,
    cx: RequestContext,
    r: DuplexRequest,
) -> HandlerResult<String> {
    let mut answers = String::new();
    for seq in 0..r.times {
        let request = CallbackRequest {
            mode: r.mode.clone(),
            msg: r.msg.clone(),
            seq,
        };
        let answer = call_back(&cx, &request).await?;
        write!(answers, "{};", or_null(&answer))?;
    }
    Ok(answers)
}

async fn call_back(cx: &RequestContext, request: &CallbackRequest) -> HandlerResult<Text> {
    let client = cx.connection();
    Ok(match or_null(&request.mode) {
        "sync" => client.invoke(request).timeout(DEADLINE).await?,
        "future" => {
            let future = client.invoke(request).timeout(DEADLINE).future().await?;
            future.await?
        }
        "address" => {
            let client = cx.remote_addr().and_then(|peer| client.sibling(peer));
            let gone = || HandlerError::new("java.lang.IllegalStateException", "no connection");
            let client = client.ok_or_else(gone)?;
            client.invoke(request).timeout(DEADLINE).await?
        }
        "oneway" => {
            client.oneway(request).timeout(DEADLINE).await?;
            Some("sent".to_owned())
        }
        "throw" => match client.invoke(request).timeout(DEADLINE).await {
            Ok(answer) => answer,
            Err(error) => Some(error.java_exception().to_owned()),
        },
        other => {
            let text = format!("no such duplex mode: {other}");
            return Err(HandlerError::new(
                "java.lang.IllegalArgumentException",
                text,
            ));
        }
    })
}

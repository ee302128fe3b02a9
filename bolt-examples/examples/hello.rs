//! A server and a client in one process: a call in each of the four styles, a call from the server
//! back to the client, a call that fails and one that takes too long.
//!
//! `cargo run -p bolt-examples --example hello`

use std::time::Duration;

use bolt_remoting::rpc::{HandlerError, HandlerResult, Processors, RequestContext};
use bolt_remoting::{Error, RpcClient, RpcServer};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

/// The Java class `com.example.Hello`, with its fields.
#[derive(Serialize, Deserialize)]
#[serde(rename = "com.example.Hello")]
struct Hello {
    name: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename = "com.example.Greeting")]
struct Greeting {
    text: String,
}

/// Asks the server to call back before it answers.
#[derive(Serialize, Deserialize)]
#[serde(rename = "com.example.AskMeBack")]
struct AskMeBack {
    question: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "com.example.Sleep")]
struct Sleep {
    millis: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "com.example.Fail")]
struct Fail {
    why: String,
}

async fn greet(_cx: RequestContext, hello: Hello) -> HandlerResult<Greeting> {
    println!("    server: {} says hello", hello.name);
    Ok(Greeting {
        text: format!("hello {}", hello.name),
    })
}

async fn ask_back(cx: RequestContext, ask: AskMeBack) -> HandlerResult<String> {
    println!("    server: asking the client back on the same connection");
    let answer: String = cx.connection().invoke(&ask.question).await?;
    Ok(format!("you said {answer:?}"))
}

async fn sleep(_cx: RequestContext, sleep: Sleep) -> HandlerResult<()> {
    tokio::time::sleep(Duration::from_millis(sleep.millis.into())).await;
    Ok(())
}

async fn fail(_cx: RequestContext, fail: Fail) -> HandlerResult<()> {
    Err(HandlerError::new(
        "java.lang.IllegalStateException",
        fail.why,
    ))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let server_side = Processors::new()
        .handle(greet)
        .handle(ask_back)
        .handle(sleep)
        .handle(fail);
    let server = RpcServer::builder()
        .processors(server_side)
        .bind("127.0.0.1:0")
        .await?;
    let address = server.local_addr().to_string();
    println!("server listening on {address}\n");

    let client_side = Processors::new().handle(|_cx, question: String| async move {
        println!("    client: the server asks {question:?}");
        Ok(String::from("fine, thanks"))
    });
    let client = RpcClient::builder().processors(client_side).build()?;
    let hello = |name: &str| Hello { name: name.into() };

    println!("1. sync: wait for the answer");
    let greeting: Greeting = client.invoke(&address, &hello("Ann")).await?;
    println!("    client: got {:?}\n", greeting.text);

    println!("2. oneway: send and forget");
    client.oneway(&address, &hello("Bob")).await?;
    println!("    client: sent\n");

    println!("3. future: send now, take the answer later");
    let answer = client
        .invoke::<_, Greeting>(&address, &hello("Cid"))
        .future()
        .await?;
    println!("    client: free to do something else");
    println!("    client: got {:?}\n", answer.await?.text);

    println!("4. callback: be called when the answer is there");
    let (done, called) = oneshot::channel();
    client
        .invoke(&address, &hello("Dan"))
        .callback(|result: Result<Greeting, Error>| {
            match result {
                Ok(greeting) => println!("    callback: got {:?}\n", greeting.text),
                Err(error) => println!("    callback: failed: {error}\n"),
            }
            let _ = done.send(());
        });
    let _ = called.await;

    println!("5. duplex: the server calls the client while it handles the client's call");
    let ask = AskMeBack {
        question: "how are you?".into(),
    };
    let said: String = client.invoke(&address, &ask).await?;
    println!("    client: got {said:?}\n");

    println!("6. a call that fails on the server");
    let failed: Result<(), Error> = client
        .invoke(
            &address,
            &Fail {
                why: "no luck".into(),
            },
        )
        .await;
    if let Err(error) = failed {
        println!(
            "    client: {:?}, in Java {}",
            error.kind(),
            error.java_exception()
        );
        if let Some(remote) = error.remote() {
            println!("    client: {remote}\n");
        }
    }

    println!("7. a call that takes too long");
    let call = client.invoke(&address, &Sleep { millis: 10_000 });
    let late: Result<(), Error> = call.timeout(Duration::from_millis(100)).await;
    if let Err(error) = late {
        println!("    client: {:?}: {error}\n", error.kind());
    }

    client.shutdown(Duration::from_secs(1)).await;
    let cut_off = server.shutdown(Duration::from_millis(100)).await;
    println!("server stopped, {cut_off} request cut off (the sleeping one)");
    Ok(())
}

//! The examples run: the program as it is, the service with good and bad clients.

#![allow(clippy::unwrap_used, reason = "a test may")]
#![allow(clippy::duplicate_mod, reason = "each example brings the model it tries out")]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use nar4rec_infer::{Isa, Reranker};
use serde_json::{Value, json};

#[path = "../examples/embed.rs"]
#[allow(dead_code, reason = "its `main` is not called")]
mod embed;
#[path = "../examples/service.rs"]
#[allow(dead_code, reason = "its `main` is not called")]
mod service;
#[path = "../examples/tiny/mod.rs"]
mod tiny;

use service::{BODY_LIMIT, Service};

#[test]
fn embed_shows_a_list() {
    let ranking = embed::try_out().unwrap();
    assert_eq!((ranking.request_id.as_str(), ranking.best.items.len()), ("r1", 3));
    assert!(ranking.best.items.iter().all(|item| item.id != "v5"));
}

/// A service of three threads, stopped at the end.
fn with_service(test: impl FnOnce(SocketAddr)) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let service = Service::start(listener, reranker(), 3).unwrap();
    test(service.address());
    let address = service.address();
    service.stop().unwrap();
    assert!(TcpStream::connect(address).is_err(), "a stopped service takes no connection");
}

fn reranker() -> Reranker {
    Reranker::new(tiny::model().unwrap(), Isa::detect()).unwrap()
}

/// Sends bytes and reads the answer to its end: status, and the body as JSON.
fn send(address: SocketAddr, bytes: &[u8]) -> (u16, Value) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(bytes).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let answer = answer.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{head}");
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
}

fn post(address: SocketAddr, body: &str) -> (u16, Value) {
    send(
        address,
        format!("POST /rerank HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes(),
    )
}

const REQUEST: &str =
    r#"{"request_id":"r1","candidates":[{"id":"v1","score":0.3},{"id":"v2"},{"id":"v9"},{"id":"v4"}]}"#;

#[test]
fn the_service_answers_what_the_crate_answers() {
    with_service(|address| {
        assert_eq!(send(address, b"GET /health HTTP/1.1\r\n\r\n"), (200, json!({ "status": "ok" })));
        let ranking = reranker().rerank(&serde_json::from_str(REQUEST).unwrap()).unwrap();
        let expected: Value = serde_json::from_str(&serde_json::to_string(&ranking).unwrap()).unwrap();
        assert_eq!(expected["best"]["items"].as_array().unwrap().len(), 3);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..10).for_each(|_| assert_eq!(post(address, REQUEST), (200, expected.clone()))));
            }
        });
        let waiting =
            format!("POST /rerank HTTP/1.1\r\nExpect: 100-continue\r\ncontent-length:{}\r\n\r\n", REQUEST.len());
        assert_eq!(send(address, (waiting + REQUEST).as_bytes()), (200, expected));
    });
}

#[test]
fn the_service_says_what_is_wrong_and_goes_on() {
    with_service(|address| {
        let too_long = format!("POST /rerank HTTP/1.1\r\nContent-Length: {}\r\n\r\n{{", BODY_LIMIT + 1);
        let endless = format!("GET /health HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(20_000));
        for (bytes, status, message) in [
            ("GET / HTTP/1.1\r\n\r\n", 404, "/: expected /health or /rerank"),
            ("DELETE /health HTTP/1.1\r\n\r\n", 405, "expected GET"),
            ("GET /rerank HTTP/1.1\r\n\r\n", 405, "expected POST"),
            ("hello\r\n\r\n", 400, "expected `METHOD /path HTTP/1.1`"),
            ("GET /health HTTP/1.1\r\nno colon\r\n\r\n", 400, "expected headers as `Name: value`"),
            ("GET /health HTTP/1.1\r\n", 400, "expected whole lines, at most 16384 bytes"),
            (&endless, 400, "expected whole lines, at most 16384 bytes"),
            ("POST /rerank HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400, "Content-Length: expected a number"),
            (
                "POST /rerank HTTP/1.1\r\nContent-Length: 9\r\n\r\n{",
                400,
                "body of 9 bytes: failed to fill whole buffer",
            ),
            ("POST /rerank HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411, "expected Content-Length"),
            (&too_long, 413, "a body of 4194305 bytes, expected at most 4194304"),
        ] {
            assert_eq!(send(address, bytes.as_bytes()), (status, json!({ "error": message })), "{bytes:.60}");
        }
        for (body, message) in [
            ("", "EOF while parsing"),
            ("{", "EOF while parsing"),
            (r#"{"request_id":"r","candidates":[]}"#, "candidates: empty, expected at least one candidate"),
            (
                r#"{"request_id":"r","user":{"features":{"age":"old"}},"candidates":[{"id":"v1"}]}"#,
                "request \"r\": user.features.age: found a string, expected a number",
            ),
            (
                r#"{"request_id":"r","candidates":[{"id":"v1"}],"constraints":{"pin":[{"id":"v1","position":2}]}}"#,
                "request \"r\": constraints.pin: \"v1\" is pinned to position 2, but the list has only 1 positions",
            ),
        ] {
            let (status, answer) = post(address, body);
            assert_eq!(status, 400, "{body}");
            assert!(answer["error"].as_str().unwrap().starts_with(message), "{answer}");
        }
        drop(TcpStream::connect(address).unwrap());
        assert_eq!(post(address, REQUEST).0, 200);
    });
}

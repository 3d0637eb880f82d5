//! An HTTP service that embeds the reranker, on the standard library alone.
//!
//! ```text
//! cargo run --release -p nar4rec-infer --example service [-- MODEL [ADDRESS]]
//!
//! curl http://127.0.0.1:8080/health
//! curl http://127.0.0.1:8080/rerank -d '{"request_id":"r1","candidates":[{"id":"v1"},{"id":"v2","score":0.4}]}'
//! ```
//!
//! A fixed number of threads share one [`Reranker`] and one listener; each serves one connection at a time, and a
//! connection carries one request. Those that find no free thread wait in the listener's queue. Ctrl-C or SIGTERM stops
//! it after the requests in hand. It belongs behind a proxy that speaks TLS, keeps connections and drops slow clients.

#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

mod tiny;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{env, error::Error, panic};

use nar4rec_infer::{Isa, Problem, Request, Reranker};
use serde_json::json;

/// The longest body taken: 4096 candidates with a kilobyte of features each.
pub(crate) const BODY_LIMIT: usize = 4 << 20;
/// The longest request line and headers together.
const HEAD_LIMIT: u64 = 16 << 10;
/// How long to wait for a client to send or take something.
const PATIENCE: Duration = Duration::from_secs(5);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let reranker = match arguments.next() {
        Some(model) => Reranker::load(model)?,
        None => Reranker::new(tiny::model()?, Isa::detect())?,
    };
    let listener = TcpListener::bind(arguments.next().as_deref().unwrap_or("127.0.0.1:8080"))?;
    let threads = thread::available_parallelism()?.get();
    let (stop, stopped) = mpsc::channel();
    ctrlc::set_handler(move || stop.send(()).unwrap_or_default())?;
    let service = Service::start(listener, reranker, threads)?;
    println!("listening on http://{} with {threads} threads", service.address());
    stopped.recv()?;
    service.stop()?;
    println!("stopped");
    Ok(())
}

/// A running service.
pub(crate) struct Service {
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    workers: Vec<JoinHandle<()>>,
}

impl Service {
    /// Serves what comes to `listener` with `threads` threads.
    pub(crate) fn start(listener: TcpListener, reranker: Reranker, threads: usize) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let stopping = Arc::new(AtomicBool::new(false));
        let shared = Arc::new((listener, reranker, Arc::clone(&stopping)));
        let worker = |_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let (listener, reranker, stopping) = &*shared;
                while !stopping.load(Ordering::Acquire) {
                    // A connection that breaks off is its client's loss, and nobody else's.
                    let _ = listener.accept().and_then(|(stream, _)| serve(&stream, reranker));
                }
            })
        };
        Ok(Self { address, stopping, workers: (0..threads).map(worker).collect() })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Finishes the requests in hand and takes no more.
    pub(crate) fn stop(self) -> io::Result<()> {
        self.stopping.store(true, Ordering::Release);
        for _ in &self.workers {
            // Wakes a thread that waits for a connection; refused if all of them have ended already.
            let _ = TcpStream::connect(self.address);
        }
        self.workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| io::Error::other("a thread panicked")))
    }
}

/// What came over a connection.
struct Call {
    method: String,
    path: String,
    body: Vec<u8>,
}

/// What goes back: a status and a JSON body.
struct Answer {
    status: &'static str,
    body: String,
}

impl Answer {
    fn error(status: &'static str, message: impl ToString) -> Self {
        Self { status, body: json!({ "error": message.to_string() }).to_string() }
    }

    fn bad(message: impl ToString) -> Self {
        Self::error("400 Bad Request", message)
    }
}

/// One connection, from its request to its end.
fn serve(stream: &TcpStream, reranker: &Reranker) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    match read(&mut reader, stream) {
        Ok(call) => write(stream, &answer(&call, reranker)),
        Err(refusal) => {
            write(stream, &refusal)?;
            // A connection closed with bytes unread is reset, and the client may never see the answer.
            stream.shutdown(Shutdown::Write)?;
            io::copy(&mut reader.take(BODY_LIMIT as u64), &mut io::sink()).map(|_| ())
        }
    }
}

fn write(mut stream: &TcpStream, Answer { status, body }: &Answer) -> io::Result<()> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n");
    stream.write_all(format!("{head}Connection: close\r\n\r\n{body}").as_bytes())
}

/// Reads a call, or says why it is refused.
fn read(reader: &mut impl BufRead, mut stream: &TcpStream) -> Result<Call, Answer> {
    let mut head = reader.by_ref().take(HEAD_LIMIT);
    let line = head_line(&mut head)?;
    let words: Vec<&str> = line.split(' ').collect();
    let [method, path, "HTTP/1.1" | "HTTP/1.0"] = words[..] else {
        return Err(Answer::bad("expected `METHOD /path HTTP/1.1`"));
    };
    let (mut length, mut waits) = (0, false);
    loop {
        let line = head_line(&mut head)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| Answer::bad("expected headers as `Name: value`"))?;
        match (name.to_ascii_lowercase().as_str(), value.trim()) {
            ("content-length", value) => {
                length = value.parse().map_err(|_| Answer::bad("Content-Length: expected a number"))?;
            }
            ("transfer-encoding", _) => return Err(Answer::error("411 Length Required", "expected Content-Length")),
            ("expect", _) => waits = true,
            _ => {}
        }
    }
    if length > BODY_LIMIT {
        let message = format!("a body of {length} bytes, expected at most {BODY_LIMIT}");
        return Err(Answer::error("413 Content Too Large", message));
    }
    if waits {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").map_err(Answer::bad)?;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).map_err(|error| Answer::bad(format!("body of {length} bytes: {error}")))?;
    Ok(Call { method: method.to_owned(), path: path.to_owned(), body })
}

/// A line of the head without its end; empty where the head ends.
fn head_line(head: &mut impl BufRead) -> Result<String, Answer> {
    let mut line = String::new();
    head.read_line(&mut line).map_err(Answer::bad)?;
    let whole = line.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    whole.map(str::to_owned).ok_or_else(|| Answer::bad(format!("expected whole lines, at most {HEAD_LIMIT} bytes")))
}

fn answer(call: &Call, reranker: &Reranker) -> Answer {
    match (call.method.as_str(), call.path.as_str()) {
        ("GET", "/health") => Answer { status: "200 OK", body: json!({ "status": "ok" }).to_string() },
        ("POST", "/rerank") => rerank(&call.body, reranker),
        (_, "/health") => Answer::error("405 Method Not Allowed", "expected GET"),
        (_, "/rerank") => Answer::error("405 Method Not Allowed", "expected POST"),
        (_, path) => Answer::error("404 Not Found", format!("{path}: expected /health or /rerank")),
    }
}

fn rerank(body: &[u8], reranker: &Reranker) -> Answer {
    let request: Request = match serde_json::from_slice(body) {
        Ok(request) => request,
        Err(error) => return Answer::bad(error),
    };
    // A panic would be a bug; it costs the request that met it, not the thread.
    match panic::catch_unwind(|| reranker.rerank(&request)) {
        Ok(Ok(ranking)) => match serde_json::to_string(&ranking) {
            Ok(body) => Answer { status: "200 OK", body },
            Err(error) => Answer::error("500 Internal Server Error", error),
        },
        Ok(Err(error)) if matches!(error.problem, Problem::NotFinite { .. }) => {
            Answer::error("500 Internal Server Error", error)
        }
        Ok(Err(error)) => Answer::bad(error),
        Err(_) => Answer::error("500 Internal Server Error", "a bug: standard error has the panic"),
    }
}

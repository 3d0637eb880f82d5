//! Reranking streams: many requests need no more memory than few.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod tool;

use std::{
    fs,
    io::{BufRead, BufReader, BufWriter, Write},
    process::Stdio,
    thread,
};

use tool::{Bench, line};

/// The greatest memory, in KiB, that reranking so many requests took. It is read while the program still waits for the end
/// of its input: what has not been answered by then is less than the pipe holds.
fn peak(bench: &Bench, requests: usize) -> u64 {
    let mut command = bench.command("rerank --model model --input - --output - --threads 2");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let answers = BufReader::new(child.stdout.take().unwrap());
    let count = thread::spawn(move || answers.lines().map(Result::unwrap).count());
    let mut input = BufWriter::new(child.stdin.take().unwrap());
    for request in 0..requests {
        writeln!(input, "{}", line(&request.to_string(), request % 50)).unwrap();
    }
    input.flush().unwrap();
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
    assert_eq!(count.join().unwrap(), requests);
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches("kB").trim().parse().unwrap()
}

#[test]
fn a_long_stream_needs_no_more_memory_than_a_short_one() {
    let bench = Bench::trained();
    let (few, many) = (peak(&bench, 2_000), peak(&bench, 40_000));
    assert!(many <= few + few / 5 + 8 * 1024, "{few} KiB for 2,000 requests, {many} KiB for 40,000");
}

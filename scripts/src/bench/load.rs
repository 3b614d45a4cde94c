//! Load over HTTP: a fixed number of connections that are kept, each with one request at a time.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use xtask::{Failure, Outcome};

/// Connections in all.
pub const CONNECTIONS: usize = 64;
/// Threads that serve them.
const THREADS: usize = 2;

/// What one round has measured.
#[derive(Clone, Copy, Debug, Default)]
pub struct Round {
    /// Requests a second.
    pub rate: f64,
    /// Half of the requests took at most this many milliseconds.
    pub p50: f64,
    /// 99 of 100 took at most this many milliseconds.
    pub p99: f64,
}

impl Round {
    /// A round at a rate whose answers took so many milliseconds; at least one was given.
    pub fn of(mut latencies: Vec<f64>, rate: f64) -> Self {
        latencies.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (latencies.len() as f64 * share) as usize;
            latencies.get(place.min(latencies.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
        };
        Round { rate, p50: at(0.5), p99: at(0.99) }
    }
}

/// Sends requests for `warm_up`, then for `time`, and measures the latter. `write` writes the request with this number.
///
/// # Errors
/// When an answer has another status than `expected`, or a connection breaks.
pub fn run(
    address: SocketAddr,
    expected: u16,
    warm_up: Duration,
    time: Duration,
    write: impl Fn(u64, &mut Vec<u8>) + Sync,
) -> Outcome<Round> {
    let counter = AtomicU64::new(0);
    let measured = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| scope.spawn(|| drive(address, expected, warm_up, time, &write, &counter)))
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread.join().unwrap_or_else(|_| Err(Failure::new("the load generator has crashed")))
            })
            .collect::<Outcome<Vec<_>>>()
    })?;
    let all: Vec<u32> = measured.concat();
    if all.is_empty() {
        return Err(Failure::new("no request was answered"));
    }
    let latencies = all.iter().map(|micros| f64::from(*micros) / 1000.0).collect();
    Ok(Round::of(latencies, all.len() as f64 / time.as_secs_f64()))
}

struct Connection {
    stream: TcpStream,
    out: Vec<u8>,
    written: usize,
    input: Vec<u8>,
    sent_at: Instant,
}

fn drive(
    address: SocketAddr,
    expected: u16,
    warm_up: Duration,
    time: Duration,
    write: &(impl Fn(u64, &mut Vec<u8>) + Sync),
    counter: &AtomicU64,
) -> Outcome<Vec<u32>> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(CONNECTIONS);
    let start = Instant::now();
    let (from, until) = (start + warm_up, start + warm_up + time);
    let mut connections = Vec::new();
    for token in 0..CONNECTIONS / THREADS {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        poll.registry().register(&mut stream, Token(token), Interest::READABLE | Interest::WRITABLE)?;
        let mut out = Vec::new();
        write(counter.fetch_add(1, Ordering::Relaxed), &mut out);
        connections.push(Connection { stream, out, written: 0, input: Vec::new(), sent_at: Instant::now() });
    }
    let mut latencies = Vec::with_capacity(1 << 16);
    let mut chunk = vec![0; 1 << 16];
    while Instant::now() < until {
        poll.poll(&mut events, Some(Duration::from_millis(100)))?;
        for event in &events {
            let Some(connection) = connections.get_mut(event.token().0) else { continue };
            if event.is_writable() {
                connection.flush()?;
            }
            while connection.receive(&mut chunk)? {
                let Some((status, length)) = answer(&connection.input)? else { continue };
                if status != expected {
                    return Err(Failure::new(format!(
                        "{status} instead of {expected}: {}",
                        String::from_utf8_lossy(&connection.input)
                    )));
                }
                let now = Instant::now();
                if connection.sent_at >= from && now <= until {
                    latencies.push(u32::try_from((now - connection.sent_at).as_micros()).unwrap_or(u32::MAX));
                }
                connection.input.drain(..length);
                connection.out.clear();
                connection.written = 0;
                write(counter.fetch_add(1, Ordering::Relaxed), &mut connection.out);
                connection.sent_at = now;
                connection.flush()?;
            }
        }
    }
    Ok(latencies)
}

impl Connection {
    fn flush(&mut self) -> Outcome {
        while let Some(rest) = self.out.get(self.written..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(count) => self.written += count,
                Err(error) if [ErrorKind::WouldBlock, ErrorKind::NotConnected].contains(&error.kind()) => {
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Reads what has come; whether there was anything.
    fn receive(&mut self, chunk: &mut [u8]) -> Outcome<bool> {
        match self.stream.read(chunk) {
            Ok(0) => Err(Failure::new("the server closed a connection")),
            Ok(count) => {
                self.input.extend_from_slice(chunk.get(..count).unwrap_or_default());
                Ok(true)
            }
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::NotConnected].contains(&error.kind()) => {
                Ok(false)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}

/// Status and length of the answer at the beginning of `input`, once it is complete.
fn answer(input: &[u8]) -> Outcome<Option<(u16, usize)>> {
    let Some(head) = input.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let text = String::from_utf8_lossy(input.get(..head).unwrap_or_default());
    let status = text.get(9..12).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| Failure::new("the answer is not HTTP/1.1"))?;
    let length = text.lines().skip(1).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") { value.trim().parse::<usize>().ok() } else { None }
    });
    let length = length.ok_or_else(|| Failure::new("the answer does not tell its length"))?;
    Ok((input.len() >= head + 4 + length).then_some((status, head + 4 + length)))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener};
    use std::thread;
    use std::time::Duration;

    use super::run;

    /// Answers every request with this, until the test ends.
    fn server(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                thread::spawn(move || {
                    let mut request = [0; 4096];
                    while let Ok(count @ 1..) = stream.read(&mut request) {
                        assert!(request[..count].ends_with(b"\r\n\r\n"));
                        // In two parts, as a network may deliver it.
                        let (first, second) = answer.split_at(answer.len() / 2);
                        stream.write_all(first.as_bytes()).unwrap();
                        stream.write_all(second.as_bytes()).unwrap();
                    }
                });
            }
        });
        address
    }

    #[test]
    fn counts_answers_and_their_times() {
        let address = server("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
        let time = Duration::from_millis(300);
        let round = run(address, 200, Duration::from_millis(50), time, |n, out| {
            out.extend_from_slice(format!("GET /{n} HTTP/1.1\r\n\r\n").as_bytes());
        });
        let round = round.unwrap();
        assert!(round.rate > 0.0 && round.p50 > 0.0 && round.p50 <= round.p99, "{round:?}");
    }

    #[test]
    fn refuses_to_count_another_status() {
        let address = server("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n");
        let request = |_, out: &mut Vec<u8>| out.extend_from_slice(b"GET / HTTP/1.1\r\n\r\n");
        let failure = run(address, 200, Duration::ZERO, Duration::from_millis(200), request).unwrap_err();
        assert!(failure.to_string().starts_with("429 instead of 200"), "{failure}");
    }
}

//! A small HTTP/1.1 client that keeps its connection: enough for checks and for making load.

use std::io::{self, BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One connection to the server, opened when first needed.
pub struct Client {
    address: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
    limit: Duration,
    line: Vec<u8>,
    out: Vec<u8>,
    fresh: bool,
}

/// What the server said.
#[derive(Debug, Default)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Header names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The body, as it came.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; `null` when it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The first value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

impl Client {
    /// A client that waits at most 30 seconds for anything.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            connection: None,
            limit: Duration::from_secs(30),
            line: Vec::new(),
            out: Vec::new(),
            fresh: true,
        }
    }

    /// Whether the last request went over a connection that had carried none before.
    #[must_use]
    pub fn was_fresh(&self) -> bool {
        self.fresh
    }

    /// Sends a request and reads the whole answer. After an error the connection is closed and the next request opens
    /// another one.
    ///
    /// # Errors
    /// `ConnectionRefused` when nobody listens; `UnexpectedEof` when the server closed before the first byte of its
    /// answer; anything else when the connection broke in the middle.
    pub fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        self.fresh = self.connection.is_none();
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let out = &mut self.out;
        out.clear();
        write!(out, "{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address)?;
        for (name, value) in headers {
            write!(out, "{name}: {value}\r\n")?;
        }
        if !body.is_empty() {
            write!(out, "Content-Length: {}\r\n", body.len())?;
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(body);
        connection.get_mut().write_all(out).map_err(before_answer)?;
        let (answer, keep) = self.read(&mut connection, method == "HEAD")?;
        self.connection = keep.then_some(connection);
        Ok(answer)
    }

    /// `GET` without a body.
    ///
    /// # Errors
    /// Those of [`Client::send`].
    pub fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> io::Result<Answer> {
        self.send("GET", path, headers, &[])
    }

    /// `POST` with a JSON body.
    ///
    /// # Errors
    /// Those of [`Client::send`].
    pub fn post(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
        body: &serde_json::Value,
    ) -> io::Result<Answer> {
        let headers = [headers, &[("Content-Type", "application/json")]].concat();
        self.send("POST", path, &headers, body.to_string().as_bytes())
    }

    fn connect(&self) -> io::Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect_timeout(&self.address, self.limit)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(self.limit))?;
        stream.set_write_timeout(Some(self.limit))?;
        Ok(BufReader::with_capacity(1 << 16, stream))
    }

    fn read(&mut self, connection: &mut BufReader<TcpStream>, no_body: bool) -> io::Result<(Answer, bool)> {
        let status_line = self.line(connection).map_err(before_answer)?;
        let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status: u16 = status.ok_or_else(|| Error::new(ErrorKind::InvalidData, "not HTTP"))?;
        let mut answer = Answer { status, ..Answer::default() };
        loop {
            let line = self.line(connection)?;
            let Some((name, value)) = line.split_once(':') else { break };
            answer.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let keep = !answer.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        if no_body || status == 204 || status == 304 {
            return Ok((answer, keep));
        }
        if let Some(length) = answer.header("content-length").and_then(|value| value.parse().ok()) {
            answer.body.resize(length, 0);
            connection.read_exact(&mut answer.body).map_err(in_the_middle)?;
        } else if answer
            .header("transfer-encoding")
            .is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
        {
            loop {
                let size = self.line(connection)?;
                let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16);
                let size = size.map_err(|_| Error::new(ErrorKind::InvalidData, "a chunk without a size"))?;
                let start = answer.body.len();
                answer.body.resize(start + size, 0);
                connection
                    .read_exact(answer.body.get_mut(start..).unwrap_or_default())
                    .map_err(in_the_middle)?;
                self.line(connection)?;
                if size == 0 {
                    break;
                }
            }
        } else {
            connection.read_to_end(&mut answer.body)?;
            return Ok((answer, false));
        }
        Ok((answer, keep))
    }

    fn line(&mut self, connection: &mut BufReader<TcpStream>) -> io::Result<String> {
        self.line.clear();
        if connection.read_until(b'\n', &mut self.line)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(String::from_utf8_lossy(&self.line).trim_end().to_owned())
    }
}

/// A connection that closes before the answer has begun, however the system calls it.
fn before_answer(error: Error) -> Error {
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted => {
            ErrorKind::UnexpectedEof.into()
        }
        _ => error,
    }
}

/// A connection that closes within the answer.
fn in_the_middle(error: Error) -> Error {
    Error::new(ErrorKind::InvalidData, format!("the answer was cut off: {error}"))
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::net::{SocketAddr, TcpListener};
    use std::thread;

    use super::Client;

    /// Takes one connection after another and gives each of them its answers, then closes it.
    fn server(connections: Vec<Vec<&'static str>>) -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for answers in connections {
                let (mut stream, _) = listener.accept().unwrap();
                for answer in answers {
                    let _ = stream.read(&mut [0; 4096]);
                    stream.write_all(answer.as_bytes()).unwrap();
                }
            }
        });
        address
    }

    #[test]
    fn reads_both_kinds_of_bodies_over_one_connection() {
        let sized = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\nX-A: b\r\n\r\n{}";
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
        let mut client = Client::new(server(vec![vec![sized, chunked]]));
        let first = client.get("/", &[]).unwrap();
        assert_eq!((first.status, first.body.as_slice(), first.header("x-a")), (201, &b"{}"[..], Some("b")));
        assert!(client.was_fresh());
        assert_eq!(client.get("/", &[]).unwrap().body, b"abcd");
        assert!(!client.was_fresh());
    }

    #[test]
    fn tells_no_answer_from_half_an_answer() {
        let whole = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        let half = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
        let mut client = Client::new(server(vec![vec![whole], vec![half]]));
        client.get("/", &[]).unwrap();
        assert_eq!(client.get("/", &[]).unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert_eq!(client.get("/", &[]).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}

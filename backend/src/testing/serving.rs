use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;
use std::thread::JoinHandle;

use actix_web::body::MessageBody;
use actix_web::dev::{ServerHandle, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::{App, HttpServer};

/// An actix server with one worker, on a thread of its own; stopped when dropped.
pub struct Serving {
    pub addr: SocketAddr,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Serving {
    /// Serves what `app` makes on this listener.
    pub fn start<T, B>(listener: TcpListener, app: impl Fn() -> App<T> + Clone + Send + 'static) -> Serving
    where
        T: ServiceFactory<
                ServiceRequest,
                Config = (),
                Response = ServiceResponse<B>,
                Error = actix_web::Error,
                InitError = (),
            > + 'static,
        B: MessageBody + 'static,
    {
        let addr = listener.local_addr().expect("its address");
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(app)
                    .workers(1)
                    .disable_signals()
                    .shutdown_timeout(1)
                    .listen(listener)
                    .expect("listens")
                    .run();
                sender.send(server.handle()).expect("the test waits");
                server.await.expect("serves");
            });
        });
        let handle = receiver.recv().expect("the server starts");
        Serving { addr, handle, thread: Some(thread) }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        let ended = self.thread.take().map(JoinHandle::join);
        if matches!(ended, Some(Err(_))) && !std::thread::panicking() {
            panic!("the server panicked");
        }
    }
}

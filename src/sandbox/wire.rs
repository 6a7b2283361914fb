//! The listening socket, on loopback only, with connections that can be cut on purpose.
//!
//! May use: tokio, axum. The one rule: nothing here listens on any other address than 127.0.0.1.

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// A connection's scissors: how many more bytes the server may write on it.
#[derive(Clone, Debug)]
pub struct Scissors(Arc<AtomicI64>);

impl Scissors {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(i64::MAX)))
    }

    /// The connection breaks once `bytes` more bytes have been written.
    pub fn cut_after(&self, bytes: i64) {
        self.0.store(bytes, Ordering::SeqCst);
    }
}

impl Connected<IncomingStream<'_, Loopback>> for Scissors {
    fn connect_info(stream: IncomingStream<'_, Loopback>) -> Self {
        stream.io().scissors.clone()
    }
}

/// A listener on 127.0.0.1.
#[derive(Debug)]
pub struct Loopback(TcpListener);

impl Loopback {
    /// Binds `port`, or a free one where it is 0.
    pub async fn bind(port: u16) -> io::Result<Self> {
        Ok(Self(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?))
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl axum::serve::Listener for Loopback {
    type Io = Cuttable;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Cuttable, SocketAddr) {
        let (stream, from) = axum::serve::Listener::accept(&mut self.0).await;
        // Without it, small answers wait for the delayed acknowledgement; failing to set it costs only time.
        let _ = stream.set_nodelay(true);
        (
            Cuttable {
                stream,
                scissors: Scissors::new(),
            },
            from,
        )
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A TCP stream that stops writing where its [`Scissors`] say.
#[derive(Debug)]
pub struct Cuttable {
    stream: TcpStream,
    scissors: Scissors,
}

impl AsyncRead for Cuttable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Cuttable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let left = self.scissors.0.load(Ordering::SeqCst);
        if left <= 0 {
            return Poll::Ready(Err(io::Error::from(io::ErrorKind::BrokenPipe)));
        }
        let most = buf.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let written = Pin::new(&mut self.stream).poll_write(cx, &buf[..most]);
        if let Poll::Ready(Ok(n)) = written {
            self.scissors.0.fetch_sub(n as i64, Ordering::SeqCst);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

//! The mock provider as a program: `mock PORT`.

use std::io;
use std::net::Ipv4Addr;

use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    bench::watch::raise_open_files();
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(0);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("{}", listener.local_addr()?);
    bench::provider::serve(listener).await;
    Ok(())
}

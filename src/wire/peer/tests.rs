mod extension;
mod frames;
mod handshake;
mod stream;

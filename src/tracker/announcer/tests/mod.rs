mod http;
mod order;
mod random;
mod rhythm;
mod stop;
mod udp;
mod with_server;
mod world;

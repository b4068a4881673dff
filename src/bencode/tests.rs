//! The reader held to BEP 3 by value, to a naive reader by random documents, and to the writer.

mod faults;
mod properties;
mod views;
mod writing;

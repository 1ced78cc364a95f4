/// Who is to blame for a call that ends with a code of the server's faults: UNKNOWN,
/// DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE or DATA_LOSS. With any other code it says
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The server, as far as is known.
    Server,
    /// The caller, whose request broke the protocol for example.
    Caller,
}

//! How parts of a node's memory are written down that have no form of their own.

/// A key's name.
pub mod name {
    use crate::base::Name;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(name: &Name, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(name)
    }

    pub fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Name, D::Error> {
        Ok(Name::from_slice(<&[u8]>::deserialize(deserializer)?))
    }
}

/// A key's state.
pub mod key {
    use crate::base::Stamp;
    use crate::crdt::Key;
    use crate::crdt::wire::{Decoder, Encoder};
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(key: &Key, serializer: S) -> Result<S::Ok, S::Error> {
        let mut encoder = Encoder::new(Stamp::NEVER);
        encoder.key(key);
        serializer.serialize_bytes(&encoder.finish())
    }

    pub fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Key, D::Error> {
        let bytes = <&[u8]>::deserialize(deserializer)?;
        let read = Decoder::new(bytes).and_then(|mut decoder| decoder.key());
        read.map_err(D::Error::custom)
    }
}

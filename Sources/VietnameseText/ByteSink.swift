/// Bytes written one after another into memory that is large enough by the writer's own bound.
struct ByteSink {
    let start: UnsafeMutablePointer<UInt8>
    var count = 0

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        start[count] = byte
        count += 1
    }

    /// Writes four bytes and counts those that belong to the entry: cheaper than a loop, and why room for three more
    /// bytes than the result is needed.
    @inline(__always)
    mutating func append(_ entry: ScalarMap.Entry) {
        UnsafeMutableRawPointer(start + count).storeBytes(of: entry.packed.littleEndian, as: UInt32.self)
        count += entry.count
    }

    mutating func append(_ text: String) {
        for byte in text.utf8 { append(byte) }
    }

    /// The text that `write` produces from the UTF-8 of `text`, or nil where `write` gives up. `write` may produce at
    /// most `growth` bytes for each byte it reads.
    static func text(
        from text: String, growth: Int, _ write: (UnsafeBufferPointer<UInt8>, inout ByteSink) -> Bool
    ) -> String? {
        var text = text
        return text.withUTF8 { bytes in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: bytes.count * growth + 4) { memory in
                var sink = ByteSink(start: memory.baseAddress!)
                guard write(bytes, &sink) else { return nil }
                return String(
                    decoding: UnsafeBufferPointer(start: memory.baseAddress, count: sink.count), as: UTF8.self)
            }
        }
    }
}

internal import CZlib

/// The CRC-32 of ZIP (APPNOTE §4.4.7) over bytes that arrive piece by piece. It finds accidents, and proves nothing.
struct CyclicRedundancyCheck {
    private(set) var value: UInt32 = 0

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        // zlib takes a null pointer as the order to begin anew.
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        value = UInt32(truncatingIfNeeded: crc32_z(UInt(value), start.assumingMemoryBound(to: Bytef.self), bytes.count))
    }
}

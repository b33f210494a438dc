internal import Crypto

/// A SHA-256 digest (FIPS 180-4): the name of an object, and the commitment to a record's body.
///
/// Parsed once, compared as 32 bytes; never a `String` inside the program.
public struct Digest: Sendable, Hashable, Comparable {
    /// How many bytes a digest has.
    public static let byteCount = 32

    /// The digest of no bytes; also the root of an empty Merkle tree (RFC 6962 §2.1).
    public static let ofNothing = Digest(of: EmptyCollection<UInt8>())

    // Four words instead of an array: no allocation, and comparing is four instructions.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The digest whose 32 bytes these are; `nil` when there are not exactly 32.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
        self.words = words
    }

    /// The digest written as 64 lower-case hexadecimal digits; `nil` for anything else.
    public init?(hex: some StringProtocol) {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var text = String(hex)
        let parsed = withUnsafeMutableBytes(of: &words) { target -> Bool in
            text.withUTF8 { digits in
                guard digits.count == 2 * Self.byteCount else { return false }
                for index in 0..<Self.byteCount {
                    guard let high = Self.value(ofHexDigit: digits[2 * index]), let low = Self.value(ofHexDigit: digits[2 * index + 1])
                    else { return false }
                    target[index] = high << 4 | low
                }
                return true
            }
        }
        guard parsed else { return nil }
        self.words = words
    }

    /// The digest of these bytes.
    public init(of bytes: some Sequence<UInt8>) {
        var hasher = DigestHasher()
        let contiguous: Void? = bytes.withContiguousStorageIfAvailable { hasher.update(UnsafeRawBufferPointer($0)) }
        if contiguous == nil { Array(bytes).withUnsafeBytes { hasher.update($0) } }
        self = hasher.finalize()
    }

    fileprivate init(_ digest: SHA256.Digest) {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { target in
            digest.withUnsafeBytes { target.copyMemory(from: $0) }
        }
        self.words = words
    }

    /// Calls `body` with the 32 bytes.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try Swift.withUnsafeBytes(of: words) { try body($0) }
    }

    /// The 32 bytes.
    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// 64 lower-case hexadecimal digits, as `sha256sum` prints them.
    public var hex: String {
        String(unsafeUninitializedCapacity: 2 * Self.byteCount) { target in
            withUnsafeBytes { source in
                for (index, byte) in source.enumerated() {
                    target[2 * index] = Self.hexDigit(byte >> 4)
                    target[2 * index + 1] = Self.hexDigit(byte & 15)
                }
            }
            return 2 * Self.byteCount
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }

    private static func value(ofHexDigit byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 97...102: byte - 87
        default: nil
        }
    }

    public static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }

    /// The order of the bytes, which is the order of the hexadecimal names.
    public static func < (left: Digest, right: Digest) -> Bool {
        (left.words.0.bigEndian, left.words.1.bigEndian, left.words.2.bigEndian, left.words.3.bigEndian)
            < (right.words.0.bigEndian, right.words.1.bigEndian, right.words.2.bigEndian, right.words.3.bigEndian)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}

extension Digest: CustomStringConvertible {
    public var description: String { hex }
}

/// Digests bytes that arrive piece by piece, in constant memory.
public struct DigestHasher {
    private var hasher = SHA256()

    public init() {}

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hasher.update(bufferPointer: bytes)
    }

    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { hasher.update(bufferPointer: $0) }
    }

    public mutating func update(_ digest: Digest) {
        digest.withUnsafeBytes { hasher.update(bufferPointer: $0) }
    }

    /// The digest of all bytes so far; the hasher may go on after it.
    public func finalize() -> Digest {
        Digest(hasher.finalize())
    }
}

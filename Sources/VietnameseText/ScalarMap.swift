/// What a per-scalar rule makes of the scalars that Vietnamese pages consist of, packed for a loop over UTF-8.
///
/// The entries are computed by the rule itself when the map is built, so that the fast path and the rule cannot differ.
struct ScalarMap: Sendable {
    /// One scalar's result: its UTF-8 in the low three bytes (first byte lowest), its length above them.
    struct Entry: Sendable {
        var packed: UInt32
        var count: Int { Int(packed >> 24 & 0x7) }
        /// The rule must be asked: the scalar is outside the windows, or its result depends on its neighbours.
        var isOpen: Bool { packed & 0x8000_0000 != 0 }
        /// The scalar, or what it became, is a toned a, e or y, which may have to hand its tone to the letter before.
        var mayHandOverTone: Bool { packed & 0x4000_0000 != 0 }

        static let open = Entry(packed: 0x8000_0000)

        init(packed: UInt32) { self.packed = packed }

        /// An open entry where the UTF-8 of `text` has no room in three bytes.
        init(_ text: String, mayHandOverTone: Bool = false) {
            guard text.utf8.count <= 3 else {
                self = .open
                return
            }
            packed = UInt32(text.utf8.count) << 24 | (mayHandOverTone ? 0x4000_0000 : 0)
            for (index, byte) in text.utf8.enumerated() { packed |= UInt32(byte) << (8 * UInt32(index)) }
        }
    }

    /// U+0000–U+03BF (lead bytes up to CE), then U+1E00–U+1EFF, then U+2000–U+203F.
    private let entries: [Entry]
    private static let windows: [ClosedRange<UInt32>] = [0...0x3BF, 0x1E00...0x1EFF, 0x2000...0x203F]

    init(_ rule: (Unicode.Scalar) -> Entry) {
        entries = Self.windows.joined().map { value in Unicode.Scalar(value).map(rule) ?? .open }
    }

    /// Runs `body` with the entries, to be handed to ``entry(_:at:in:)``.
    @inline(__always)
    func withEntries<Result>(_ body: (UnsafePointer<Entry>) -> Result) -> Result {
        entries.withUnsafeBufferPointer { body($0.baseAddress!) }
    }

    /// The entry of the scalar, not ASCII, that begins at `at` in well-formed UTF-8, and how many bytes it takes there.
    @inline(__always)
    static func entry(
        _ entries: UnsafePointer<Entry>, at: Int, in bytes: UnsafeBufferPointer<UInt8>
    ) -> (entry: Entry, width: Int) {
        let lead = bytes[at]
        if lead < 0xE0 {
            guard lead < 0xCF else { return (.open, 2) }
            return (entries[Int(lead & 0x1F) << 6 | Int(bytes[at + 1] & 0x3F)], 2)
        }
        if lead == 0xE1 {
            let second = bytes[at + 1]
            guard second & 0xFC == 0xB8 else { return (.open, 3) }
            return (entries[0x3C0 + (Int(second & 3) << 6 | Int(bytes[at + 2] & 0x3F))], 3)
        }
        if lead == 0xE2 {
            guard bytes[at + 1] == 0x80 else { return (.open, 3) }
            return (entries[0x4C0 + Int(bytes[at + 2] & 0x3F)], 3)
        }
        return (.open, lead < 0xF0 ? 3 : 4)
    }

    /// The scalar of `width` bytes that begins at `at` in well-formed UTF-8.
    static func scalar(at: Int, width: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Unicode.Scalar {
        var value = width == 1 ? UInt32(bytes[at]) : UInt32(bytes[at]) & (0x7F >> UInt32(width))
        for index in 1..<max(width, 1) { value = value << 6 | UInt32(bytes[at + index] & 0x3F) }
        return Unicode.Scalar(value) ?? "\u{FFFD}"
    }
}

public import Ledger

/// A page of a list, and how the next one is asked for.
public struct Page: Sendable {
    /// How many elements a page may have.
    public static let limits = 1...200
    static let cursorLimit = 200

    public let items: [JSON]
    /// Where the next page begins; `nil` behind the last.
    public let next: String?

    public init(_ items: [JSON], next: String?) {
        self.items = items
        self.next = next
    }

    public var json: JSON {
        var members: [String: JSON] = ["items": .array(items)]
        members["next"] = next.map { .string(Self.cursor(for: $0)) }
        return .object(members)
    }

    /// A cursor says nothing to who holds it: what stands in it may change.
    public static func cursor(for place: String) -> String { place.utf8.reversed().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

    /// The place that a cursor is of, `nil` where it is none of ours.
    static func place(of cursor: String) -> String? {
        let digits = Array(cursor.utf8)
        guard digits.count.isMultiple(of: 2), digits.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else { return nil }
        let bytes = stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16) }
        return String(validating: bytes.reversed(), as: UTF8.self)
    }
}

/// Points, counted in halves so that no fraction is ever stored.
public struct Points: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Twice the points.
    public let halves: Int

    public init(halves: Int) { self.halves = halves }

    public init(_ whole: Int) { halves = 2 * whole }

    /// Reads `8`, `9.5` and, as people of the programme write it, `9,5`; `nil` for anything else, from 0 to 1000.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(omittingEmptySubsequences: false) { $0 == "." || $0 == "," }
        guard (1...2).contains(parts.count), (1...4).contains(parts[0].utf8.count),
            parts[0].utf8.allSatisfy({ (48...57).contains($0) }), let whole = Int(parts[0]), whole <= 1000
        else { return nil }
        switch parts.count == 1 ? "0" : String(parts[1]) {
        case "0": halves = 2 * whole
        case "5": halves = 2 * whole + 1
        default: return nil
        }
    }

    public static let zero = Points(halves: 0)

    /// Whether it is a number of whole points.
    public var isWhole: Bool { halves.isMultiple(of: 2) }

    /// `8` or `9.5`.
    public var description: String { isWhole ? "\(halves / 2)" : "\(halves / 2).5" }

    public static func < (left: Points, right: Points) -> Bool { left.halves < right.halves }
    public static func + (left: Points, right: Points) -> Points { Points(halves: left.halves + right.halves) }
    public static func += (left: inout Points, right: Points) { left = left + right }
}

/// Names an indicator (chỉ số) of a criteria set: the letter of its competency and a number, `B2`.
public struct IndicatorCode: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let text: String

    /// `nil` unless `text` is a capital letter A–Z and a number from 1 to 99.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard (2...3).contains(bytes.count), (65...90).contains(bytes[0]), (49...57).contains(bytes[1]),
            bytes.count == 2 || (48...57).contains(bytes[2])
        else { return nil }
        self.text = String(text)
    }

    public var description: String { text }

    /// By competency, then by number.
    public static func < (left: IndicatorCode, right: IndicatorCode) -> Bool {
        (left.text.utf8.first ?? 0, left.text.utf8.count, left.text) < (right.text.utf8.first ?? 0, right.text.utf8.count, right.text)
    }
}

/// Something that a look at a bag showed: where, and what.
public struct BagFinding: Sendable, Equatable, CustomStringConvertible {
    /// What a finding means for the bag.
    public enum Severity: String, Sendable {
        /// The bag is not valid (RFC 8493 §3), or cannot be shown to be.
        case error
        /// The bag is valid, and something in it is unwise or only tolerated.
        case warning
    }

    /// What it means for the bag.
    public let severity: Severity
    /// The file in the bag, with its line where it is one: `manifest-md5.txt, line 3`.
    public let place: String
    /// What is the matter there.
    public let reason: String

    /// One line: `error: manifest-md5.txt, line 3: …`.
    public var description: String { "\(severity): \(displayed(place)): \(displayed(reason))" }
}

/// Findings as they are made.
struct BagFindings {
    private(set) var all: [BagFinding] = []

    mutating func error(_ place: String, _ reason: String) {
        all.append(BagFinding(severity: .error, place: place, reason: reason))
    }

    mutating func warning(_ place: String, _ reason: String) {
        all.append(BagFinding(severity: .warning, place: place, reason: reason))
    }

    /// What BagIt 1.0 forbids and the drafts before it did not, or not clearly.
    mutating func since(_ version: BagVersion, _ place: String, _ reason: String) {
        if version >= .one { error(place, reason) } else { warning(place, reason) }
    }
}

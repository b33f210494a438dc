internal import Catalog
public import Evidence

/// Which items a reviewer asks for: one question at a time, each answered by an index.
public enum EvidenceQuestion: Sendable {
    /// Of which this is known now, in the order of deposit, after one that was listed.
    case verification(VerificationState, after: EvidenceID?)
    /// Issued on a day of these.
    case issued(ClosedRange<CalendarDate>)
    /// Whose validity ends on a day of these.
    case validUntil(ClosedRange<CalendarDate>)
    /// Handed in on a day of these (UTC).
    case uploaded(ClosedRange<CalendarDate>)
}

/// An item in a reviewer's list, with its dates: of issue, of upload, and of the last look at it.
public struct ReviewedItem: Sendable {
    public let item: ItemSummary
    public let verification: VerificationState
    public let verifiedAt: Timestamp?
}

extension Archive {
    /// The items that a question is about. What is listed is in the access log before the answer is given.
    public func evidence(_ question: EvidenceQuestion, limit: Int = 50, by actor: Actor) async throws -> [ReviewedItem] {
        try await blocking.run { [self] in
            let reach = try reach(of: actor, to: .read)
            let items: [ItemView] =
                switch question {
                case .verification(let state, let after):
                    try catalog.items(
                        state, after: try after.flatMap { try catalog.item(resolve($0.text, by: actor)) }?.key ?? 0, within: reach, limit: limit)
                case .issued(let days): try catalog.items(issued: days, within: reach, limit: limit)
                case .validUntil(let days): try catalog.items(validUntil: days, within: reach, limit: limit)
                case .uploaded(let days): try catalog.items(uploaded: days, within: reach, limit: limit)
                }
            if !items.isEmpty { try catalog.appendAccess(.listed, to: items.map(\.id.text), by: actor, at: now()) }
            return try items.map { view in
                let known = try catalog.verification(of: view.id)
                return ReviewedItem(
                    item: ItemSummary(view), verification: known.state, verifiedAt: known.state == .submitted ? nil : known.verifiedAt)
            }
        }
    }
}

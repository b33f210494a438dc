internal import Catalog
public import Evidence

extension Archive {
    /// How a collective review was held, as it is entered.
    public struct ReviewEntry: Sendable {
        public let heldOn: CalendarDate
        public let participants: [String]
        public let votesFor: Int
        public let votesAgainst: Int
        /// The evidence item of the minutes.
        public let minutes: String

        public init(heldOn: CalendarDate, participants: [String], votesFor: Int, votesAgainst: Int, minutes: String) {
            self.heldOn = heldOn
            self.participants = participants
            self.votesFor = votesFor
            self.votesAgainst = votesAgainst
            self.minutes = minutes
        }
    }

    func collectiveReview(_ entry: ReviewEntry, of view: DossierView, _ act: String, by actor: Actor) throws -> CollectiveReview {
        let participants = try entry.participants.map { try Self.line($0, "participant") }
        guard !participants.isEmpty, (0...participants.count).contains(entry.votesFor),
            (0...participants.count - entry.votesFor).contains(entry.votesAgainst)
        else { throw ArchiveError.refused(act: act, reason: "there are more votes than participants, or none took part") }
        guard entry.heldOn.year >= view.cycle else {
            throw ArchiveError.refused(act: act, reason: "\(entry.heldOn) is before the cycle \(view.cycle) began")
        }
        guard entry.heldOn <= now().dateInVietnam else { throw ArchiveError.refused(act: act, reason: "\(entry.heldOn) is not yet") }
        return CollectiveReview(
            heldOn: entry.heldOn, participants: participants, votesFor: entry.votesFor, votesAgainst: entry.votesAgainst,
            minutes: try evidence(entry.minutes, by: actor))
    }
}

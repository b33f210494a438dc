public import Evidence
internal import GRDB

/// What failures are counted of in one attempt to sign in, each by a digest.
public struct AttemptSubjects: Sendable {
    public let account: Digest
    public let place: Digest
    public let address: Digest

    public init(account: Digest, place: Digest, address: Digest) {
        self.account = account
        self.place = place
        self.address = address
    }

    var all: [Digest] { [account, place, address] }
}

extension Catalog {
    /// So many failures, and since when they are counted.
    public typealias FailureCount = (count: Int, last: Timestamp)

    /// What is known of earlier attempts.
    public struct EarlierFailures: Sendable {
        public let ofAccount: FailureCount?
        public let ofPlace: FailureCount?
        public let ofAddress: FailureCount?
        /// Whether the account has signed in from there.
        public let isKnownPlace: Bool
    }

    /// Counts an attempt as failed before it is looked at, so that many at once are not all looked at; ``forget(_:succeeded:at:)`` takes it
    /// back. All of it is one step.
    ///
    /// - Parameters:
    ///   - horizon: failures before it, and places where nobody signed in since `placeHorizon`, are deleted.
    ///   - decide: answers until when nothing is looked at, or with what is to be kept.
    /// - Returns: until when nothing is looked at; then nothing was counted.
    public func attempt(
        _ subjects: AttemptSubjects, at now: Timestamp, forgetting horizon: Timestamp, placesBefore placeHorizon: Timestamp,
        decide: (EarlierFailures) -> (opening: Timestamp?, account: FailureCount, place: FailureCount, address: FailureCount)
    ) throws(CatalogError) -> Timestamp? {
        try perform("count an attempt to sign in") {
            try service.write { db in
                try db.run("DELETE FROM sign_in_failure WHERE last_at < ?", [horizon.description])
                try db.run("DELETE FROM sign_in_place WHERE last_at < ?", [placeHorizon.description])
                let decision = decide(
                    EarlierFailures(
                        ofAccount: try Self.failures(of: subjects.account, db), ofPlace: try Self.failures(of: subjects.place, db),
                        ofAddress: try Self.failures(of: subjects.address, db),
                        isKnownPlace: try db.first("SELECT 1 FROM sign_in_place WHERE subject = ?", [subjects.place.hex]) != nil))
                if let opening = decision.opening { return opening }
                for (subject, kept) in zip(subjects.all, [decision.account, decision.place, decision.address]) {
                    try db.run(
                        "INSERT OR REPLACE INTO sign_in_failure (subject, count, last_at) VALUES (?, ?, ?)",
                        [subject.hex, kept.count, kept.last.description])
                }
                return nil
            }
        }
    }

    private static func failures(of subject: Digest, _ db: Database) throws -> FailureCount? {
        guard let row = try db.first("SELECT count, last_at FROM sign_in_failure WHERE subject = ?", [subject.hex]) else { return nil }
        let last: String = row["last_at"]
        return Timestamp(last).map { (row["count"], $0) }
    }

    /// Takes back that an attempt was counted as failed. Where it succeeded, the earlier failures of the account from there are forgotten
    /// too, and the place is known; those of the address are not: an attacker may have an account of their own. What is not counted any more is
    /// not kept, so that there are never more of them than attempts that were looked at in the time for which they are remembered.
    public func forget(_ subjects: AttemptSubjects, succeeded: Bool, at now: Timestamp) throws(CatalogError) {
        try perform("take back an attempt to sign in") {
            try service.write { db in
                for subject in subjects.all {
                    try db.run("UPDATE sign_in_failure SET count = count - 1 WHERE subject = ? AND count > 0", [subject.hex])
                    try db.run("DELETE FROM sign_in_failure WHERE subject = ? AND count = 0", [subject.hex])
                }
                if succeeded {
                    try db.run("DELETE FROM sign_in_failure WHERE subject = ?", [subjects.place.hex])
                    try db.run("INSERT OR REPLACE INTO sign_in_place (subject, last_at) VALUES (?, ?)", [subjects.place.hex, now.description])
                }
            }
        }
    }
}

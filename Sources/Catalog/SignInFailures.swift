public import Evidence
internal import GRDB

/// What failures are counted of in one attempt to sign in, each by a digest.
public struct AttemptSubjects: Sendable {
    public let account: Digest
    public let place: Digest

    public init(account: Digest, place: Digest) {
        self.account = account
        self.place = place
    }
}

extension Catalog {
    /// What is known of earlier attempts.
    public struct EarlierFailures: Sendable {
        public let ofAccount: (count: Int, last: Timestamp)?
        public let ofPlace: (count: Int, last: Timestamp)?
        /// Whether the account has signed in from there.
        public let isKnownPlace: Bool
    }

    /// Counts an attempt as failed before it is looked at, so that many at once are not all looked at; ``forget(_:succeeded:at:)`` takes it
    /// back. All of it is one step.
    ///
    /// - Parameters:
    ///   - horizon: failures before it, and places where nobody signed in since `placeHorizon`, are deleted.
    ///   - decide: answers until when nothing is looked at, or with the counts to keep.
    /// - Returns: until when nothing is looked at; then nothing was counted.
    public func attempt(
        _ subjects: AttemptSubjects, at now: Timestamp, forgetting horizon: Timestamp, placesBefore placeHorizon: Timestamp,
        decide: (EarlierFailures) -> (opening: Timestamp?, accountCount: Int, placeCount: Int)
    ) throws(CatalogError) -> Timestamp? {
        try perform("count an attempt to sign in") {
            try service.write { db in
                try db.run("DELETE FROM sign_in_failure WHERE last_at < ?", [horizon.description])
                try db.run("DELETE FROM sign_in_place WHERE last_at < ?", [placeHorizon.description])
                let decision = decide(
                    EarlierFailures(
                        ofAccount: try Self.failures(of: subjects.account, db), ofPlace: try Self.failures(of: subjects.place, db),
                        isKnownPlace: try db.first("SELECT 1 FROM sign_in_place WHERE subject = ?", [subjects.place.hex]) != nil))
                if let opening = decision.opening { return opening }
                for (subject, count) in [(subjects.account, decision.accountCount), (subjects.place, decision.placeCount)] {
                    try db.run(
                        "INSERT OR REPLACE INTO sign_in_failure (subject, count, last_at) VALUES (?, ?, ?)", [subject.hex, count, now.description])
                }
                return nil
            }
        }
    }

    private static func failures(of subject: Digest, _ db: Database) throws -> (count: Int, last: Timestamp)? {
        guard let row = try db.first("SELECT count, last_at FROM sign_in_failure WHERE subject = ?", [subject.hex]) else { return nil }
        let last: String = row["last_at"]
        return Timestamp(last).map { (row["count"], $0) }
    }

    /// Takes back that an attempt was counted as failed. Where it succeeded, the earlier failures from there are forgotten too, and the
    /// place is known.
    public func forget(_ subjects: AttemptSubjects, succeeded: Bool, at now: Timestamp) throws(CatalogError) {
        try perform("take back an attempt to sign in") {
            try service.write { db in
                try db.run("UPDATE sign_in_failure SET count = count - 1 WHERE subject = ? AND count > 0", [subjects.account.hex])
                if succeeded {
                    try db.run("DELETE FROM sign_in_failure WHERE subject = ?", [subjects.place.hex])
                    try db.run("INSERT OR REPLACE INTO sign_in_place (subject, last_at) VALUES (?, ?)", [subjects.place.hex, now.description])
                } else {
                    try db.run("UPDATE sign_in_failure SET count = count - 1 WHERE subject = ? AND count > 0", [subjects.place.hex])
                }
            }
        }
    }
}

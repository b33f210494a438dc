public import Evidence
internal import Foundation
internal import GRDB

/// What is known of a request that brings a key of its own.
public enum KeptAnswer: Sendable, Equatable {
    /// It was not asked for before; from now on it is at work.
    case first
    case answered([UInt8])
    /// The key came with another request.
    case other
    /// It is at work.
    case atWork
    /// It was done or was cut off, and there is no answer to give.
    case forgotten
}

extension Catalog {
    /// Whether a request was made before by this account with this key; remembers it where it was not.
    ///
    /// - Parameter horizon: answers before it are forgotten.
    public func begin(_ request: Digest, key: Digest, by account: String, at now: Timestamp, forgetting horizon: Timestamp) throws(CatalogError)
        -> KeptAnswer
    {
        try perform("look for an earlier answer") {
            try service.write { db in
                try db.run("DELETE FROM kept_answer WHERE at < ?", [horizon.description])
                guard let row = try db.first("SELECT request, answer FROM kept_answer WHERE account = ? AND key = ?", [account, key.hex]) else {
                    try db.run(
                        "INSERT INTO kept_answer (account, key, request, at) VALUES (?, ?, ?, ?)", [account, key.hex, request.hex, now.description])
                    return .first
                }
                guard row["request"] as String == request.hex else { return .other }
                guard let answer = row["answer"] as Data? else { return .atWork }
                return answer.isEmpty ? .forgotten : .answered(Array(answer))
            }
        }
    }

    /// Keeps what was answered, or forgets the request where nothing was made.
    public func end(key: Digest, by account: String, answer: [UInt8]?) throws(CatalogError) {
        try perform("keep an answer") {
            try service.write { db in
                if let answer {
                    try db.run(
                        "UPDATE kept_answer SET answer = ? WHERE account = ? AND key = ? AND answer IS NULL", [Data(answer), account, key.hex])
                } else {
                    try db.run("DELETE FROM kept_answer WHERE account = ? AND key = ?", [account, key.hex])
                }
            }
        }
    }

    /// No request is at work when an archive was just opened: what was cut off has no answer any more.
    public func forgetInterrupted() throws(CatalogError) {
        try perform("forget what was cut off") {
            try service.write { db in try db.run("UPDATE kept_answer SET answer = x'' WHERE answer IS NULL", []) }
        }
    }

    /// Forgets every answer, also of what is at work; that it was asked for is remembered, so that it is not done twice.
    public func forgetAnswers() throws(CatalogError) {
        try perform("forget answers") { try service.write { db in try db.run("UPDATE kept_answer SET answer = x''", []) } }
    }
}

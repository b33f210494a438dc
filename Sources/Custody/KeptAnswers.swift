internal import Catalog
public import Evidence

/// Whether a request that brings a key of its own was made before.
public enum EarlierRequest: Sendable, Equatable {
    case none
    case answered([UInt8])
    /// The key came with another request.
    case other
    /// It is at work.
    case atWork
    /// It was done or was cut off, and nobody knows what it is answered: the service ended meanwhile, or somebody was erased since.
    case forgotten
}

extension Archive {
    /// How long an answer is kept, in milliseconds.
    private static let answersKept: Int64 = 86_400_000

    /// Looks for an earlier request of this account with this key, and remembers this one where there is none: then
    /// ``keepAnswer(_:key:by:)`` or ``forgetRequest(key:by:)`` has to follow. An answer that is there is in the access log before it is
    /// given again.
    ///
    /// - Parameter identifiers: the ids that an answer has where ids stand in it, and not what somebody wrote that looks like one.
    public func earlierRequest(
        _ request: Digest, key: String, by actor: Actor, identifiers: @escaping @Sendable (_ answer: [UInt8]) throws -> Set<String>
    ) async throws -> EarlierRequest {
        try await blocking.run { [self] in
            let now = now()
            let horizon = Timestamp(milliseconds: now.milliseconds - Self.answersKept)
            // What was answered is not answered again to who may see less by now, or more.
            let day = now.dateInVietnam
            let roles = try catalog.grants(to: actor.principal).filter { $0.holds(on: day) }.map(\.id.text).sorted()
            let request = Digest(of: request.bytes + Array(roles.joined(separator: " ").utf8))
            switch try catalog.begin(request, key: Digest(of: Array(key.utf8)), by: actor.principal, at: now, forgetting: horizon) {
            case .first: return .none
            case .answered(let bytes):
                let shown = try identifiers(bytes).filter(Self.isPersonal)
                if !shown.isEmpty { try catalog.appendAccess(.answeredAgain, to: shown.sorted(), by: actor, at: now) }
                return .answered(bytes)
            case .other: return .other
            case .atWork: return .atWork
            case .forgotten: return .forgotten
            }
        }
    }

    /// Whether it is the id of what the access log is about.
    private static func isPersonal(_ id: String) -> Bool {
        EvidenceID(id) != nil || PersonID(id) != nil || DossierID(id) != nil || TitleID(id) != nil
    }

    /// Keeps the answer to a request for a day, or until somebody is erased.
    public func keepAnswer(_ answer: [UInt8], key: String, by actor: Actor) async throws {
        try await blocking.run { [self] in try catalog.end(key: Digest(of: Array(key.utf8)), by: actor.principal, answer: answer) }
    }

    /// Forgets a request by which nothing was made.
    public func forgetRequest(key: String, by actor: Actor) async throws {
        try await blocking.run { [self] in try catalog.end(key: Digest(of: Array(key.utf8)), by: actor.principal, answer: nil) }
    }
}

internal import Catalog
internal import Evidence
internal import Synchronization

/// Tokens and sessions that were looked up since anything of tokens, sessions or accounts changed last: a request is not kept
/// waiting for what the request before it was told. With any such change all is looked up anew.
final class KnownSecrets: Sendable {
    private struct State {
        var mark: Catalog.SignInMark?
        var tokens: [Digest: Token] = [:]
        var sessions: [Digest: Session] = [:]
    }

    /// More are not remembered; what is left out is looked up.
    private static let limit = 10_000

    private let state = Mutex(State())

    func token(_ secret: Digest, at mark: Catalog.SignInMark) -> Token? { state.withLock { $0.mark == mark ? $0.tokens[secret] : nil } }

    func session(_ secret: Digest, at mark: Catalog.SignInMark) -> Session? { state.withLock { $0.mark == mark ? $0.sessions[secret] : nil } }

    /// - Parameters:
    ///   - mark: as it was before the token was looked up.
    ///   - newest: as it is now; what was looked up before the last change is not kept.
    func keep(_ token: Token, _ secret: Digest, at mark: Catalog.SignInMark, newest: Catalog.SignInMark) {
        keep(at: mark, newest) { $0.tokens[secret] = token }
    }

    func keep(_ session: Session, _ secret: Digest, at mark: Catalog.SignInMark, newest: Catalog.SignInMark) {
        keep(at: mark, newest) { $0.sessions[secret] = session }
    }

    private func keep(at mark: Catalog.SignInMark, _ newest: Catalog.SignInMark, _ add: (inout State) -> Void) {
        guard mark == newest else { return }
        state.withLock { state in
            if state.mark != mark || state.tokens.count + state.sessions.count >= Self.limit { state = State(mark: mark) }
            add(&state)
        }
    }
}

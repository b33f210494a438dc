public import Evidence
internal import FoundationEssentials
// Nothing of it is used here. JWTKit brings CoreFoundation, and where that is loaded before Glibc, the compiler takes `struct stat` to be
// CoreFoundation's in every module that imports this one.
internal import Glibc
internal import JWTKit
internal import OutboundHTTP
internal import Synchronization

/// What an administrator configures of a provider of OpenID Connect.
public struct OpenIDSettings: Sendable {
    /// As whom the provider knows itself; an https address, or http on this machine.
    public let issuer: String
    /// As whom the provider knows us.
    public let clientID: String
    /// `nil` for a client that the provider gave none.
    public let clientSecret: String?
    /// Where the provider sends people back to.
    public let redirectURI: String

    public init(issuer: String, clientID: String, clientSecret: String?, redirectURI: String) {
        self.issuer = issuer
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.redirectURI = redirectURI
    }
}

/// What a sign-in by a provider is begun for.
public enum OpenIDPurpose: Sendable, Equatable {
    /// To sign in with the account that the identity is linked to.
    case signIn
    /// To link the identity to an account by the right of its setup link, of which this is the digest.
    case setupLink(Digest)
    /// To link the identity to the account of who is signed in; the digest of the session's secret.
    case link(account: String, session: Digest)
}

/// Sign-in by a provider of OpenID Connect: the code flow (Core 1.0 §3.1) with PKCE (RFC 7636, S256).
///
/// What was begun is kept in memory, is good for ten minutes and once, and is gone with the process.
public final class OpenIDProvider: Sendable {
    public let settings: OpenIDSettings
    private let timeout: Duration
    private let begun = Mutex(Beginnings())
    private let discovered = Mutex<(document: Discovery, at: Timestamp)?>(nil)
    // So that a provider that does not answer holds up nothing else.
    private let turnstile = Turnstile(width: 4, queue: 12)

    /// For so long one that was begun can be finished: 10 minutes.
    static let lifetime: Int64 = 600_000
    /// So many of those that were begun last are remembered at least, however many are begun.
    static let capacity = 5_000
    /// The discovery document is read anew after an hour.
    private static let discoveryLifetime: Int64 = 3_600_000
    /// The most bytes that a provider's answer may have.
    static let sizeLimit = 262_144

    /// - Parameter timeout: for each of the at most three requests to the provider.
    /// - Throws: ``OpenIDError/settings(reason:)``. Nothing is asked yet.
    public init(_ settings: OpenIDSettings, timeout: Duration = .seconds(10)) throws(OpenIDError) {
        if let reason = Self.objection(to: settings.issuer) { throw .settings(reason: "issuer \(oneLine(settings.issuer)): \(reason)") }
        guard !settings.clientID.isEmpty else { throw .settings(reason: "it has no client id") }
        if let reason = Self.objection(to: settings.redirectURI) {
            throw .settings(reason: "the address to come back to, \(oneLine(settings.redirectURI)): \(reason)")
        }
        self.settings = settings
        self.timeout = timeout
    }

    private static func objection(to url: String) -> String? {
        if let objection = Exchange.objection(to: url) { return objection }
        return url.lowercased().hasPrefix("https://") || Exchange.isOfThisMachine(url) ? nil : "it is not https"
    }

    /// What is remembered of a sign-in that was begun.
    private struct Begun {
        let binding: Digest
        let nonce: String
        let verifier: String
        let purpose: OpenIDPurpose
        let until: Timestamp
    }

    /// Those that were begun, in two generations: when the newer one is full, the older one is forgotten.
    private struct Beginnings {
        private var newer: [Digest: Begun] = [:]
        private var older: [Digest: Begun] = [:]

        mutating func add(_ begun: Begun, for state: Digest) {
            if newer.count >= capacity { (older, newer) = (newer, [:]) }
            newer[state] = begun
        }

        mutating func take(_ state: Digest) -> Begun? { newer.removeValue(forKey: state) ?? older.removeValue(forKey: state) }
    }

    /// A sign-in that was begun.
    public struct Request: Sendable {
        /// Where the person's browser has to go.
        public let url: String
        /// For a cookie of that browser: with the address alone nobody finishes the sign-in of another. Nothing prints it but this.
        public let binding: String
    }

    /// Begins a sign-in. Blocks while the provider is asked for its addresses, once an hour.
    ///
    /// - Parameter purpose: what comes back with the provider's statement.
    public func begin(at now: Timestamp, for purpose: OpenIDPurpose = .signIn) throws(OpenIDError) -> Request {
        let document = try discovery(at: now)
        let (state, binding, nonce, verifier) = (random(), random(), random(), random())
        let begun = Begun(
            binding: Digest(of: binding.utf8), nonce: nonce, verifier: verifier, purpose: purpose,
            until: Timestamp(milliseconds: now.milliseconds + Self.lifetime))
        self.begun.withLock { $0.add(begun, for: Digest(of: state.utf8)) }
        let challenge = Data(Digest(of: verifier.utf8).bytes).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        let query = form([
            ("response_type", "code"), ("scope", "openid"), ("client_id", settings.clientID), ("redirect_uri", settings.redirectURI),
            ("state", state), ("nonce", nonce), ("code_challenge", challenge), ("code_challenge_method", "S256"),
        ])
        return Request(url: document.authorization + (document.authorization.contains("?") ? "&" : "?") + query, binding: binding)
    }

    /// Hands in what the browser came back with, and gets the provider's statement for it. Blocks while the provider is asked. Whatever
    /// comes of it, this sign-in is over.
    ///
    /// The provider's keys are asked for each time, after it has taken the code: so a key that it has withdrawn counts for nothing at once,
    /// and nobody makes us ask without a code.
    ///
    /// - Parameters:
    ///   - binding: what the browser's cookie has.
    ///   - issuer: who answered (RFC 9207), where the answer says it.
    public func redeem(
        code: String, state: String, binding: String, issuer: String? = nil, at now: Timestamp
    ) throws(OpenIDError) -> UnverifiedIdentity {
        let found = try taken(state, binding, at: now)
        guard issuer == nil || issuer == settings.issuer else { throw .refused(reason: "another provider answered") }
        let document = try discovery(at: now)
        var fields = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", settings.redirectURI), ("code_verifier", found.verifier),
        ]
        var lines: [String] = []
        if let secret = settings.clientSecret, document.takesBasic {
            // RFC 6749 §2.3.1: both are form-encoded first.
            let pair = "\(percentEncoded(settings.clientID)):\(percentEncoded(secret))"
            lines = ["Authorization: Basic \(Data(pair.utf8).base64EncodedString())"]
        } else {
            fields += [("client_id", settings.clientID)] + (settings.clientSecret.map { [("client_secret", $0)] } ?? [])
        }
        let answer = try ask(document.token) { exchange throws(Exchange.Failure) in
            try exchange.post(Array(form(fields).utf8), mediaType: "application/x-www-form-urlencoded", expecting: "application/json", more: lines)
        }
        guard answer.status == 200 else {
            // because what the answer says is no condition: without it the status is told
            let error = try? JSONDecoder().decode(TokenError.self, from: Data(answer.body))
            throw .refused(reason: "the provider did not take the code: \(error.flatMap { Self.known($0.error) } ?? "HTTP status \(answer.status)")")
        }
        let tokens: TokenAnswer = try decoded(answer, what: "answer to the code")
        let keys: PublicKeySet = try fetched(document.keys, what: "list of keys")
        return UnverifiedIdentity(token: tokens.idToken, keys: keys.keys, settings: settings, nonce: found.nonce, purpose: found.purpose)
    }

    /// Ends a sign-in to which the provider answered with an error: says which.
    ///
    /// - Parameter error: the provider's word for it (Core 1.0 §3.1.2.6). One that the specifications do not have is not repeated.
    public func abandon(_ error: String, state: String, binding: String, at now: Timestamp) -> OpenIDError {
        do throws(OpenIDError) {
            _ = try taken(state, binding, at: now)
        } catch { return error }
        if error == "access_denied" { return .cancelled }
        return .refused(reason: "the provider answered with \(Self.known(error) ?? "an error that it does not explain")")
    }

    /// What was begun in this browser, which is over with this.
    private func taken(_ state: String, _ binding: String, at now: Timestamp) throws(OpenIDError) -> Begun {
        let found = begun.withLock { $0.take(Digest(of: state.utf8)) }
        guard let found, found.until > now, found.binding == Digest(of: binding.utf8) else { throw .notBegun }
        return found
    }

    /// The errors that the specifications have (RFC 6749 §4.1.2.1 and §5.2, Core 1.0 §3.1.2.6): no other word of a provider's is repeated.
    private static func known(_ error: String) -> String? {
        let words: Set<String> = [
            "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope", "access_denied",
            "unsupported_response_type", "server_error", "temporarily_unavailable", "interaction_required", "login_required",
            "account_selection_required", "consent_required", "invalid_request_uri", "invalid_request_object", "request_not_supported",
            "request_uri_not_supported", "registration_not_supported",
        ]
        return words.contains(error) ? error : nil
    }

    // MARK: What the provider says

    private struct TokenAnswer: Decodable {
        let idToken: String
        enum CodingKeys: String, CodingKey { case idToken = "id_token" }
    }

    private struct TokenError: Decodable { let error: String }

    private struct PublicKeySet: Decodable { let keys: [PublicKey] }

    private struct Discovery: Decodable, Sendable {
        let issuer: String
        let authorization: String
        let token: String
        let keys: String
        let methods: [String]?

        var takesBasic: Bool { methods?.contains("client_secret_basic") ?? true }

        enum CodingKeys: String, CodingKey {
            case issuer
            case authorization = "authorization_endpoint"
            case token = "token_endpoint"
            case keys = "jwks_uri"
            case methods = "token_endpoint_auth_methods_supported"
        }
    }

    private func discovery(at now: Timestamp) throws(OpenIDError) -> Discovery {
        if let known = discovered.withLock({ $0 }), now.milliseconds - known.at.milliseconds < Self.discoveryLifetime { return known.document }
        let base = settings.issuer.hasSuffix("/") ? String(settings.issuer.dropLast()) : settings.issuer
        let document: Discovery = try fetched("\(base)/.well-known/openid-configuration", what: "description of itself")
        guard document.issuer == settings.issuer else {
            throw .notAnAnswer(issuer: settings.issuer, reason: "it calls itself \(oneLine(document.issuer))")
        }
        let isHere = Exchange.isOfThisMachine(settings.issuer)
        for url in [document.authorization, document.token, document.keys] {
            // A provider in the world has no business on this machine.
            let objection = Self.objection(to: url) ?? (Exchange.isOfThisMachine(url) && !isHere ? "it is on this machine" : nil)
            if let objection { throw .notAnAnswer(issuer: settings.issuer, reason: "address \(oneLine(url)): \(objection)") }
        }
        discovered.withLock { $0 = (document, now) }
        return document
    }

    private func fetched<Value: Decodable>(_ url: String, what: String) throws(OpenIDError) -> Value {
        let answer = try ask(url) { exchange throws(Exchange.Failure) in try exchange.get(expecting: "application/json") }
        guard answer.status == 200 else {
            throw .notAnAnswer(issuer: settings.issuer, reason: "it has no \(what): HTTP status \(answer.status) from \(oneLine(url))")
        }
        return try decoded(answer, what: what)
    }

    private func decoded<Value: Decodable>(_ answer: Exchange.Answer, what: String) throws(OpenIDError) -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(answer.body))
        } catch {
            throw .notAnAnswer(issuer: settings.issuer, reason: "its \(what) is not what OpenID Connect says")
        }
    }

    private func ask(_ url: String, _ body: (Exchange) throws(Exchange.Failure) -> Exchange.Answer) throws(OpenIDError) -> Exchange.Answer {
        let exchange = Exchange(url: url, connectTimeout: timeout, timeout: timeout, sizeLimit: Self.sizeLimit)
        let answer: Exchange.Answer?
        do {
            answer = try turnstile.pass { try body(exchange) }
        } catch let failure as Exchange.Failure {
            switch failure {
            case .unreachable(let cause), .library(let cause): throw .unreachable(issuer: settings.issuer, cause: cause)
            case .tooLarge: throw .notAnAnswer(issuer: settings.issuer, reason: "more than \(Self.sizeLimit) bytes came from \(oneLine(url))")
            }
        } catch {
            throw .unreachable(issuer: settings.issuer, cause: "\(error)")
        }
        guard let answer else { throw .tooManyWait }
        return answer
    }

    private func random() -> String { Base32.text(of: randomBytes(32)).lowercased() }

    private func form(_ fields: [(String, String)]) -> String { fields.map { "\($0)=\(percentEncoded($1))" }.joined(separator: "&") }
}

/// Why nobody was signed in by a provider.
public enum OpenIDError: Error, Equatable, CustomStringConvertible {
    case settings(reason: String)
    /// No such sign-in was begun in this browser, or it is over.
    case notBegun
    /// Whoever began it did not go on at the provider.
    case cancelled
    case tooManyWait
    case unreachable(issuer: String, cause: String)
    /// What the provider says is not what the protocol has.
    case notAnAnswer(issuer: String, reason: String)
    /// The provider does not say who it is, or not so that it can be believed.
    case refused(reason: String)

    public var description: String {
        switch self {
        case .settings(let reason): "cannot use the sign-in provider: \(reason)"
        case .notBegun: "cannot finish the sign-in: it was not begun in this browser, took more than ten minutes, or is over; begin again"
        case .cancelled: "cannot sign in: it was cancelled at the provider; begin again"
        case .tooManyWait: "cannot sign in now: too many sign in by this provider at once; do it again in some seconds"
        case .unreachable(let issuer, let cause): "cannot reach the sign-in provider \(issuer): \(cause)"
        case .notAnAnswer(let issuer, let reason): "cannot sign in by \(issuer): \(reason)"
        case .refused(let reason): "cannot sign in: \(reason)"
        }
    }
}

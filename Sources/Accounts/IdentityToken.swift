public import Evidence
internal import JWTKit

/// What a provider says of who signed in, before it is believed.
public struct UnverifiedIdentity: Sendable {
    let token: String
    let keys: [PublicKey]
    let settings: OpenIDSettings
    let nonce: String
    /// What it was begun for, as it was said at the beginning.
    public let purpose: OpenIDPurpose

    /// How far the provider's clock may be from ours, and how old its statement may be, in seconds.
    private static let (leeway, age): (Double, Double) = (60, 600)
    private static let algorithms: Set<String> = ["RS256", "PS256", "ES256"]

    /// Who signed in, and how (`amr`, RFC 8176): returns when the provider's key has signed it, for us, in answer to this very sign-in, now.
    ///
    /// - Throws: ``OpenIDError/refused(reason:)``.
    public func verified(at now: Timestamp) async throws(OpenIDError) -> (identity: ExternalIdentity, methods: Set<String>) {
        func refuse(_ reason: String) -> OpenIDError { .refused(reason: "the provider's statement \(reason)") }
        let claims: Claims
        do {
            // Read before it is believed: only to learn which key to hold it against.
            let header = try DefaultJWTParser().parse(Array(token.utf8), as: Claims.self).header
            guard let algorithm = header.alg, Self.algorithms.contains(algorithm) else { throw refuse("is not signed as we ask") }
            guard header.fields["crit"] == nil else { throw refuse("asks for what we do not know") }
            let fitting = keys.filter { $0.fits(algorithm) && (header.kid == nil || $0.kid == header.kid) }
            guard let key = fitting.first, fitting.count == 1 else { throw refuse("is signed by a key that is not the provider's") }
            claims = try await JWTKeyCollection().add(jwk: try key.key(for: algorithm)).verify(token, as: Claims.self)
        } catch let error as OpenIDError {
            throw error
        } catch {
            throw refuse("is not rightly signed")
        }
        guard claims.iss == settings.issuer else { throw refuse("is another provider's") }
        guard claims.aud.contains(settings.clientID), claims.azp.map({ $0 == settings.clientID }) ?? (claims.aud.count == 1) else {
            throw refuse("is for somebody else")
        }
        guard claims.nonce == nonce else { throw refuse("answers another sign-in") }
        let seconds = Double(now.milliseconds) / 1000
        guard claims.exp > seconds - Self.leeway else { throw refuse("has expired") }
        guard abs(claims.iat - seconds) <= Self.leeway || (seconds - Self.age...seconds).contains(claims.iat) else {
            throw refuse("is not of now; the provider's clock or ours is wrong")
        }
        guard (1...255).contains(claims.sub.utf8.count), claims.sub.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw refuse("names nobody")
        }
        return (ExternalIdentity(issuer: claims.iss, subject: claims.sub), Set(claims.amr ?? []))
    }
}

/// What an ID token says (Core 1.0 §2), as far as it is looked at.
private struct Claims: JWTPayload {
    let iss: String
    let sub: String
    let aud: [String]
    let azp: String?
    let exp: Double
    let iat: Double
    let nonce: String?
    let amr: [String]?

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        iss = try values.decode(String.self, forKey: .iss)
        sub = try values.decode(String.self, forKey: .sub)
        do {
            aud = try values.decode([String].self, forKey: .aud)
        } catch DecodingError.typeMismatch {
            aud = [try values.decode(String.self, forKey: .aud)]
        }
        azp = try values.decodeIfPresent(String.self, forKey: .azp)
        exp = try values.decode(Double.self, forKey: .exp)
        iat = try values.decode(Double.self, forKey: .iat)
        nonce = try values.decodeIfPresent(String.self, forKey: .nonce)
        amr = try values.decodeIfPresent([String].self, forKey: .amr)
    }

    // Who verifies knows what the claims have to be; the library does not.
    func verify(using algorithm: some JWTAlgorithm) {}
}

/// A key as a provider publishes it (RFC 7517), of whatever kind.
struct PublicKey: Decodable, Sendable {
    let kty: String?
    let kid: String?
    let alg: String?
    let use: String?
    let crv: String?
    let n: String?
    let e: String?
    let x: String?
    let y: String?

    /// Whether it may have signed with the algorithm.
    func fits(_ algorithm: String) -> Bool {
        guard alg == nil || alg == algorithm, use == nil || use == "sig" else { return false }
        return algorithm == "ES256" ? kty == "EC" && crv == "P-256" : kty == "RSA"
    }

    /// The key for one algorithm and no other. Shorter keys of RSA than 2048 bits are refused by the library.
    func key(for algorithm: String) throws -> JWK {
        let (named, kid) = (JWK.Algorithm(rawValue: algorithm), JWKIdentifier(string: kid ?? ""))
        return algorithm == "ES256"
            ? .ecdsa(named, identifier: kid, x: x, y: y, curve: .p256) : .rsa(named, identifier: kid, modulus: n, exponent: e)
    }
}

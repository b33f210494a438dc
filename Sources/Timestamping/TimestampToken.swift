internal import COpenSSL
public import Evidence

/// A time stamp of RFC 3161: an authority's signed statement that a digest was there at a time.
///
/// Reading one trusts nothing: what it says is a claim until ``verify(imprint:trusting:)`` has returned.
public struct TimestampToken: Sendable, Equatable {
    /// The most bytes that a response may have: 64 KiB. Usual ones have 2 to 8 KiB, most of it certificates.
    public static let sizeLimit = 65_536

    /// The most bytes of PEM that ``verify(imprint:trusting:)`` reads: 1 MiB.
    public static let certificatesLimit = 1_048_576

    /// The whole DER TimeStampResp as the authority sent it. In a file `token.tsr` it is what
    /// `openssl ts -verify -in token.tsr -digest … -CAfile …` takes.
    public let bytes: [UInt8]
    /// The time that the authority gives (genTime), in UTC; what is finer than a millisecond is cut off.
    public let time: Timestamp
    /// The digest that was stamped.
    public let imprint: Digest
    /// The authority's serial number of this stamp: lower-case hexadecimal digits, two for each byte.
    public let serial: String
    /// Who stamped, on one line, e.g. `CN=Time,O=Authority`: the tsa name that the stamp gives, else the subject of its
    /// signer's certificate. `nil` when both are empty.
    public let authority: String?

    /// Reads a response, without trust in anything it says.
    ///
    /// Only one form is accepted: DER throughout with nothing behind it, granted as asked (status 0), one signer with
    /// certificate, and nothing unsigned but the status text and further certificates. So no byte can be changed without
    /// being noticed here or by ``verify(imprint:trusting:)``, those two apart; they say nothing about the stamp.
    ///
    /// - Throws: ``TimestampError``: `tooLarge`, `unreadable`, `notGranted` or `imprintNotSHA256`.
    public init(parsing bytes: [UInt8]) throws(TimestampError) {
        self = try withResponse(bytes) { response throws(TimestampError) in
            Self(bytes: bytes, statement: try Statement(response))
        }
    }

    init(bytes: [UInt8], statement: Statement) {
        self.bytes = bytes
        time = statement.time
        imprint = statement.imprint
        serial = statement.serial
        authority = statement.authority
    }

    /// Returns when the stamp proves that this digest was there at ``time``: it is on the digest, its signature holds over
    /// time, imprint, serial and authority, and the signer's certificate, made for time stamping alone, was valid at that
    /// time under one of the given certificates. A certificate that has expired since still proves.
    ///
    /// Nothing else is asked: neither the network, nor the system's certificates, nor lists of revoked ones; an authority
    /// whose key was stolen must be taken out of the list. Keys and signatures of less than 112 bits of security are refused.
    ///
    /// - Parameter authorities: PEM certificates, at most ``certificatesLimit`` bytes: roots, or intermediates or signers,
    ///   each of which is trusted as it stands.
    /// - Throws: ``TimestampError``: `imprintDiffers`, `notProven` or `badCertificates`.
    public func verify(imprint: Digest, trusting authorities: [UInt8]) throws(TimestampError) {
        guard self.imprint == imprint else { throw .imprintDiffers(expected: imprint, found: self.imprint) }
        try withResponse(bytes) { response throws(TimestampError) in
            try prove(response, imprint: imprint, at: time, trusting: authorities)
        }
    }
}

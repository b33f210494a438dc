internal import COpenSSL
internal import Evidence
internal import OutboundHTTP

/// Calls `body` with the response that the bytes are, which is freed afterwards: DER throughout, nothing behind it.
func withResponse<Value>(
    _ bytes: [UInt8], _ body: (OpaquePointer) throws(TimestampError) -> Value
) throws(TimestampError) -> Value {
    guard bytes.count <= TimestampToken.sizeLimit else { throw .tooLarge }
    ERR_clear_error()
    let (parsed, used) = bytes.withUnsafeBufferPointer { buffer -> (OpaquePointer?, Int) in
        guard let start = buffer.baseAddress else { return (nil, 0) }
        var position: UnsafePointer<UInt8>? = start
        let parsed = d2i_TS_RESP(nil, &position, buffer.count)
        return (parsed, position.map { $0 - start } ?? 0)
    }
    guard let parsed else { throw .unreadable(reason: bytes.isEmpty ? "it is empty" : "it is no TimeStampResp: \(openSSLErrors())") }
    defer { TS_RESP_free(parsed) }
    guard used == bytes.count else { throw .unreadable(reason: "\(bytes.count - used) bytes follow its end") }
    // Only the signed part is protected by a signature. Of all ways to write the rest, BER has many and DER one, so what
    // is not written that way could be changed without changing what it says.
    guard encoding({ i2d_TS_RESP(parsed, $0) }) == bytes else { throw .unreadable(reason: "it is not in DER") }
    return try body(parsed)
}

/// What an `i2d_…` function of OpenSSL writes; empty when it fails, which no reader accepts.
private func encoding(_ write: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32) -> [UInt8] {
    var written: UnsafeMutablePointer<UInt8>?
    let count = write(&written)
    guard count > 0, let written else { return [] }
    defer { copenssl_free(written) }
    return Array(UnsafeBufferPointer(start: written, count: Int(count)))
}

/// What a response states, in plain values. Making one refuses every form but the one that ``TimestampToken`` accepts.
struct Statement {
    let time: Timestamp
    let imprint: Digest
    let serial: String
    let authority: String?
    /// Big-endian, without leading zeros; `nil` when the authority repeated none.
    let nonce: [UInt8]?

    init(_ response: OpaquePointer) throws(TimestampError) {
        try Self.checkStatus(response)
        guard let token = TS_RESP_get_token(response), let info = TS_RESP_get_tst_info(response) else {
            throw .unreadable(reason: "it has no stamp in it")
        }
        let signer = try Self.checkSignedData(token)

        guard let stamped = TS_TST_INFO_get_msg_imprint(info), let algorithm = TS_MSG_IMPRINT_get_algo(stamped),
            let message = TS_MSG_IMPRINT_get_msg(stamped)
        else { throw .unreadable(reason: "it has no imprint") }
        let nid = OBJ_obj2nid(algorithm.pointee.algorithm)
        guard nid == NID_sha256 else { throw .imprintNotSHA256(algorithm: Self.name(ofAlgorithm: nid)) }
        guard Self.hasNoParameters(algorithm), let imprint = Digest(bytes: Self.bytes(message)) else {
            throw .unreadable(reason: "its imprint is not 32 bytes of SHA-256")
        }
        self.imprint = imprint

        guard let genTime = TS_TST_INFO_get_time(info), let time = Self.time(Self.bytes(genTime)) else {
            throw .unreadable(reason: "its time is not one of UTC between the years 0001 and 9999")
        }
        self.time = time

        guard let serial = TS_TST_INFO_get_serial(info), serial.pointee.type == V_ASN1_INTEGER else {
            throw .unreadable(reason: "its serial number is negative")
        }
        self.serial = Self.hex(Self.bytes(serial))
        nonce = TS_TST_INFO_get_nonce(info).map { Array(Self.bytes($0).drop { $0 == 0 }) }
        authority = TS_TST_INFO_get_tsa(info).flatMap(Self.name) ?? Self.name(X509_get_subject_name(signer))
    }

    // MARK: The parts that no signature protects

    private static func checkStatus(_ response: OpaquePointer) throws(TimestampError) {
        guard let status = TS_RESP_get_status_info(response) else { throw .unreadable(reason: "it has no status") }
        let number = ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(status))
        let failure = TS_STATUS_INFO_get0_failure_info(status)
        // 1, granted with modifications, is not what was asked for: nothing is asked that could be modified.
        guard number == 0, failure == nil else {
            let names = [
                "granted", "granted with modifications", "rejected", "waiting", "revocation warning", "revocation notification",
            ]
            var words = [names.indices.contains(number) ? names[number] : "status \(number)"]
            if let failure {
                let failures: [(bit: Int32, name: String)] = [
                    (0, "bad algorithm"), (2, "bad request"), (5, "bad data format"), (14, "time not available"),
                    (15, "policy not accepted"), (16, "extension not accepted"), (17, "information not available"),
                    (25, "system failure"),
                ]
                words += failures.filter { ASN1_BIT_STRING_get_bit(failure, $0.bit) == 1 }.map(\.name)
            }
            if let texts = TS_STATUS_INFO_get0_text(status) {
                words += (0..<copenssl_text_count(texts)).prefix(4).compactMap { copenssl_text(texts, $0) }.map {
                    "“\(String(decoding: bytes($0), as: UTF8.self))”"
                }
            }
            throw .notGranted(status: oneLine(words.joined(separator: ", ")))
        }
    }

    /// The certificate of the one signer. OpenSSL's check of a signature reads over much that is not signed; each such
    /// part may have the one value that belongs there and no other.
    private static func checkSignedData(_ token: UnsafeMutablePointer<PKCS7>) throws(TimestampError) -> OpaquePointer {
        func require(_ holds: Bool, _ what: String) throws(TimestampError) {
            guard holds else { throw .unreadable(reason: "its signed data has \(what)") }
        }
        try require(OBJ_obj2nid(token.pointee.type) == NID_pkcs7_signed, "another type")
        guard let data = token.pointee.d.sign, let signers = data.pointee.signer_info, let digests = data.pointee.md_algs else {
            throw .unreadable(reason: "it has no signed data")
        }
        // RFC 5652 §5.1: 3 whenever the content is not plain data; §5.3: 1 for a signer by issuer and serial number.
        try require(ASN1_INTEGER_get(data.pointee.version) == 3, "another version than 3")
        guard copenssl_signer_count(signers) == 1, let signer = copenssl_signer(signers, 0) else {
            throw .unreadable(reason: "it has not one signer")
        }
        try require(ASN1_INTEGER_get(signer.pointee.version) == 1, "a signer of another version than 1")
        try require(data.pointee.crl == nil, "revocation lists, which are not read")
        try require(signer.pointee.unauth_attr == nil, "attributes that are not signed")

        guard copenssl_algorithm_count(digests) == 1, let listed = copenssl_algorithm(digests, 0),
            let digest = signer.pointee.digest_alg, let signature = signer.pointee.digest_enc_alg
        else { throw .unreadable(reason: "its signed data has not one digest algorithm") }
        let digestID = OBJ_obj2nid(digest.pointee.algorithm)
        try require([NID_sha256, NID_sha384, NID_sha512].contains(digestID), "a digest by \(name(ofAlgorithm: digestID)), not SHA-2")
        try require(OBJ_obj2nid(listed.pointee.algorithm) == digestID, "two digest algorithms")
        try require([listed, digest, signature].allSatisfy(hasNoParameters), "an algorithm with parameters")

        guard let certificate = PKCS7_cert_from_signer_info(token, signer) else {
            throw .unreadable(reason: "the certificate of its signer is not in it")
        }
        guard let named = signer.pointee.issuer_and_serial, let key = X509_get0_pubkey(certificate) else {
            throw .unreadable(reason: "the key of its signer cannot be read")
        }
        // Names are found without regard to case and spaces.
        let issuer = encoding { i2d_X509_NAME(named.pointee.issuer, $0) }
        try require(issuer == encoding { i2d_X509_NAME(X509_get_issuer_name(certificate), $0) }, "a signer whose issuer is spelt otherwise")

        // Read over by OpenSSL, which takes the key's algorithm. RFC 3370 §3.2 allows RSA to be named without the digest.
        let signatureID = OBJ_obj2nid(signature.pointee.algorithm)
        let keyID = EVP_PKEY_get_base_id(key)
        var ofDigest: Int32 = 0
        var ofKey: Int32 = 0
        let isPair = OBJ_find_sigid_algs(signatureID, &ofDigest, &ofKey) == 1 && ofDigest == digestID && ofKey == keyID
        try require(
            isPair || signatureID == NID_rsaEncryption && keyID == NID_rsaEncryption,
            "a signature by \(name(ofAlgorithm: signatureID)), which is not its key's")
        return certificate
    }

    /// Absent, or NULL where somebody wrote that: both are in use for SHA-2 (RFC 5754 §2) and RSA, and mean the same.
    private static func hasNoParameters(_ algorithm: UnsafeMutablePointer<X509_ALGOR>) -> Bool {
        algorithm.pointee.parameter.map { $0.pointee.type == V_ASN1_NULL } ?? true
    }

    // MARK: Plain values

    private static func bytes(_ string: UnsafePointer<ASN1_STRING>) -> [UInt8] {
        Array(UnsafeBufferPointer(start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string))))
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    /// `YYYYMMDDhhmmss[.f…]Z` (RFC 3161 §2.4.2).
    private static func time(_ bytes: [UInt8]) -> Timestamp? {
        guard bytes.count >= 15, bytes.last == UInt8(ascii: "Z") else { return nil }
        var milliseconds = Array("000")
        if bytes.count > 15 {
            let fraction = bytes[15..<bytes.count - 1]
            guard bytes[14] == UInt8(ascii: "."), !fraction.isEmpty, fraction.allSatisfy({ (48...57).contains($0) }) else { return nil }
            for (index, digit) in fraction.prefix(3).enumerated() { milliseconds[index] = Character(UnicodeScalar(digit)) }
        }
        let digits = bytes[..<14].map { Character(UnicodeScalar($0)) }
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        return Timestamp(
            "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(8..<10)):\(part(10..<12)):\(part(12..<14)).\(String(milliseconds))Z")
    }

    private static func name(ofAlgorithm nid: Int32) -> String {
        nid == NID_undef ? "an unknown algorithm" : OBJ_nid2ln(nid).map { String(cString: $0) } ?? "algorithm \(nid)"
    }

    private static func name(_ name: UnsafeMutablePointer<GENERAL_NAME>) -> String? {
        if name.pointee.type == GEN_DIRNAME { return Self.name(name.pointee.d.directoryName) }
        return printed { GENERAL_NAME_print($0, name) }
    }

    private static func name(_ name: OpaquePointer?) -> String? {
        guard let name else { return nil }
        return printed { X509_NAME_print_ex($0, name, 0, copenssl_name_format()) }
    }

    /// What OpenSSL prints, on one line; `nil` when it is nothing.
    private static func printed(_ print: (OpaquePointer) -> Int32) -> String? {
        guard let target = BIO_new(BIO_s_mem()) else { return nil }
        defer { BIO_free(target) }
        guard print(target) >= 0 else { return nil }
        let text = [UInt8](unsafeUninitializedCapacity: 1024) { buffer, count in
            count = max(Int(BIO_read(target, buffer.baseAddress, Int32(buffer.count))), 0)
        }
        return text.isEmpty ? nil : oneLine(String(decoding: text, as: UTF8.self))
    }
}

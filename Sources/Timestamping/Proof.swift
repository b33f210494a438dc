internal import COpenSSL
internal import Evidence
internal import OutboundHTTP

/// Returns when OpenSSL finds that the response is on the imprint, signed, and signed by one who was entitled to at that
/// time under one of the PEM certificates.
func prove(_ response: OpaquePointer, imprint: Digest, at time: Timestamp, trusting authorities: [UInt8]) throws(TimestampError) {
    // A store that is made so is empty; the system's certificates would have to be asked for.
    guard let store = X509_STORE_new() else { throw .outOfMemory }
    // The context takes a reference of its own; this one is ours.
    defer { X509_STORE_free(store) }
    try add(authorities, to: store)
    let parameters = X509_STORE_get0_param(store)
    // The time of the stamp, not of the check: certificates expire, what was signed before stays signed.
    X509_VERIFY_PARAM_set_time(parameters, time_t(time.milliseconds / 1000))
    // 112 bits: RSA of 2048 bits and SHA-2 at least, in every certificate of the chain.
    X509_VERIFY_PARAM_set_auth_level(parameters, 2)
    // Each given certificate is an anchor, also one that others have signed.
    guard X509_VERIFY_PARAM_set_flags(parameters, UInt(X509_V_FLAG_PARTIAL_CHAIN)) == 1 else {
        throw .outOfMemory
    }

    guard let context = TS_VERIFY_CTX_new() else { throw .outOfMemory }
    // Frees the imprint and the reference of the store too.
    defer { TS_VERIFY_CTX_free(context) }
    TS_VERIFY_CTX_set_flags(context, Int32(TS_VFY_VERSION | TS_VFY_SIGNATURE | TS_VFY_IMPRINT | TS_VFY_SIGNER))
    guard X509_STORE_up_ref(store) == 1 else { throw .outOfMemory }
    TS_VERIFY_CTX_set_store(context, store)
    guard let copy = copenssl_allocate(Digest.byteCount) else { throw .outOfMemory }
    imprint.withUnsafeBytes { copy.copyMemory(from: $0.baseAddress!, byteCount: Digest.byteCount) }  // 32 bytes are never none
    TS_VERIFY_CTX_set_imprint(context, copy.assumingMemoryBound(to: UInt8.self), Digest.byteCount)

    ERR_clear_error()
    guard TS_RESP_verify_response(context, response) == 1 else { throw .notProven(reason: openSSLErrors()) }
}

/// Adds every certificate of the PEM text to the store; at least one, and nothing that is broken.
private func add(_ certificates: [UInt8], to store: OpaquePointer) throws(TimestampError) {
    guard certificates.count <= TimestampToken.certificatesLimit else {
        throw .badCertificates(reason: "they have more than \(TimestampToken.certificatesLimit) bytes")
    }
    guard !certificates.isEmpty else { throw .badCertificates(reason: "there is none") }
    ERR_clear_error()
    let outcome = certificates.withUnsafeBytes { bytes -> Result<Int, TimestampError> in
        // The source reads the bytes where they are, and is freed before they go.
        guard let source = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else { return .failure(.outOfMemory) }
        defer { BIO_free(source) }
        var count = 0
        while let certificate = PEM_read_bio_X509(source, nil, nil, nil) {
            defer { X509_free(certificate) }
            // The store takes a reference of its own, and keeps one of two that are the same.
            guard X509_STORE_add_cert(store, certificate) == 1 else { return .failure(.badCertificates(reason: openSSLErrors())) }
            count += 1
        }
        return .success(count)
    }
    let count = try outcome.get()
    // The end looks like a missing start line; anything else is a certificate that cannot be read.
    let last = ERR_peek_last_error()
    guard ERR_GET_LIB(last) == ERR_LIB_PEM, ERR_GET_REASON(last) == PEM_R_NO_START_LINE else {
        throw .badCertificates(reason: openSSLErrors())
    }
    ERR_clear_error()
    guard count > 0 else { throw .badCertificates(reason: "there is none in PEM form") }
}

/// What OpenSSL's queue of this thread says, from the cause outwards, on one line; the queue is empty afterwards.
func openSSLErrors() -> String {
    var reasons: [String] = []
    var data: UnsafePointer<CChar>?
    var flags: Int32 = 0
    while true {
        let code = ERR_get_error_all(nil, nil, nil, &data, &flags)
        guard code != 0 else { break }
        var reason = ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
        if flags & ERR_TXT_STRING != 0, let data, data.pointee != 0 { reason += " (\(String(cString: data)))" }
        if !reasons.contains(reason) { reasons.append(reason) }
    }
    return reasons.isEmpty ? "no cause is given" : oneLine(reasons.joined(separator: "; "))
}

extension TimestampError {
    /// OpenSSL's constructors fail for want of memory alone.
    static let outOfMemory = TimestampError.library(act: "work on a time stamp", cause: "OpenSSL has no memory left")
}

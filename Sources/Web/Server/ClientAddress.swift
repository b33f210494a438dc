/// Whose request it is, where a proxy stands before this server.
struct ClientAddress: Sendable, Equatable {
    /// The address, without its port.
    let text: String
    /// It came from this machine and through no proxy.
    let isMachine: Bool
    /// The client spoke TLS, with this server or with a proxy that is trusted to say so.
    let isSecure: Bool

    /// - Parameters:
    ///   - peer: the other end of the connection.
    ///   - trusted: addresses whose word counts.
    init(peer: String?, fields: RequestFields, trusted: Set<String>, isTLS: Bool) {
        let peer = peer.map(Self.plain) ?? "unknown"
        let forwarded = fields.values("forwarded")
        let chain = fields.values("x-forwarded-for")
        guard trusted.contains(peer) else {
            text = peer
            // Whoever forwards is not on this machine, whatever the connection says.
            isMachine = Self.isLoopback(peer) && forwarded.isEmpty && chain.isEmpty
            isSecure = isTLS
            return
        }
        var addresses = chain.flatMap { $0.split(separator: ",") }.map { Self.plain(Self.trimmed($0)) }
        var schemes = fields.values("x-forwarded-proto").flatMap { $0.split(separator: ",") }.map { Self.trimmed($0).lowercased() }
        if addresses.isEmpty {
            let elements = forwarded.flatMap { $0.split(separator: ",") }.map { Self.pairs(String($0)) }
            addresses = elements.compactMap { $0["for"].map(Self.plain) }
            schemes = elements.compactMap { $0["proto"]?.lowercased() }
        }
        // From the right: what a trusted proxy added is true, what stands before that is what somebody claims.
        text = addresses.reversed().first { !trusted.contains($0) } ?? addresses.first ?? peer
        isMachine = addresses.isEmpty && Self.isLoopback(peer)
        isSecure = isTLS || schemes.last == "https"
    }

    static func isLoopback(_ address: String) -> Bool { address == "::1" || address.hasPrefix("127.") }

    /// `::ffff:1.2.3.4`, `[::1]:80` and `1.2.3.4:80` without what is beside the address.
    static func plain(_ text: String) -> String {
        var address = text[...]
        if address.hasPrefix("[") {
            address = address.dropFirst().prefix { $0 != "]" }
        } else if address.count(where: { $0 == ":" }) == 1 {
            address = address.prefix { $0 != ":" }
        }
        if address.lowercased().hasPrefix("::ffff:"), address.contains(".") { address = address.dropFirst(7) }
        let plain = address.prefix { $0 != "%" }.lowercased()
        return plain.utf8.count <= 45 && plain.utf8.allSatisfy { (48...58).contains($0) || (97...102).contains($0) || $0 == 46 } ? plain : "unknown"
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }

    private static func pairs(_ element: String) -> [String: String] {
        var pairs: [String: String] = [:]
        for pair in element.split(separator: ";") {
            let parts = pair.split(separator: "=", maxSplits: 1).map { trimmed($0) }
            if parts.count == 2 { pairs[parts[0].lowercased()] = parts[1].filter { $0 != "\"" } }
        }
        return pairs
    }
}

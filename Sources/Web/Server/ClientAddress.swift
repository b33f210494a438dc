internal import Glibc

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
        let peer = peer.map(Self.plain) ?? Self.unknown
        let forwarded = fields.values("forwarded")
        let chain = fields.values("x-forwarded-for")
        guard trusted.contains(peer) else {
            text = peer
            // Whoever forwards is not on this machine, whatever the connection says.
            isMachine = Self.isLoopback(peer) && forwarded.isEmpty && chain.isEmpty
            isSecure = isTLS
            return
        }
        var addresses = chain.flatMap { $0.split(separator: ",") }.map { Self.addressInField(Self.trimmed($0)) }
        var schemes = fields.values("x-forwarded-proto").flatMap { $0.split(separator: ",") }.map { Self.trimmed($0).lowercased() }
        if addresses.isEmpty {
            let elements = forwarded.flatMap { $0.split(separator: ",") }.map { Self.pairs(String($0)) }
            // An element that does not say whose it is stands for somebody who is not known.
            addresses = elements.map { $0["for"].flatMap(Self.addressInField) }
            schemes = elements.compactMap { $0["proto"]?.lowercased() }
        }
        // From the right: what a trusted proxy added is true, what stands before that is what somebody claims.
        var nearest = peer
        for address in addresses.reversed() {
            nearest = address ?? Self.unknown
            // What cannot be read is nobody whose word counts.
            guard let address, trusted.contains(address) else { break }
        }
        text = nearest
        isMachine = addresses.isEmpty && Self.isLoopback(peer)
        isSecure = isTLS || schemes.last == "https"
    }

    static func isLoopback(_ address: String) -> Bool { address == "::1" || address.hasPrefix("127.") }

    /// Of whom nothing can be said.
    private static let unknown = "unknown"

    /// The address that a connection has; `unknown` where it is none.
    static func plain(_ text: String) -> String { address(text) ?? unknown }

    /// An IP address in its one spelling, `::ffff:1.2.3.4` as `1.2.3.4`; `nil` where the text is anything else.
    static func address(_ text: String) -> String? {
        let text = trimmed(text[...]).prefix { $0 != "%" }
        for family in [AF_INET, AF_INET6] {
            var bytes = [UInt8](repeating: 0, count: 16)
            guard inet_pton(family, String(text), &bytes) == 1 else { continue }
            var spelling = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            guard inet_ntop(family, bytes, &spelling, socklen_t(spelling.count)) != nil else { return nil }
            let address = String(decoding: spelling.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            return address.hasPrefix("::ffff:") && address.contains(".") ? String(address.dropFirst(7)) : address
        }
        return nil
    }

    /// The address of `[::1]:80`, `1.2.3.4:80` and what has no port; `nil` where there is none.
    private static func addressInField(_ text: String) -> String? {
        var address = text[...]
        if address.hasPrefix("[") {
            address = address.dropFirst().prefix { $0 != "]" }
        } else if address.count(where: { $0 == ":" }) == 1 {
            address = address.prefix { $0 != ":" }
        }
        return Self.address(String(address))
    }

    /// Without the blanks around it.
    static func trimmed(_ text: Substring) -> String {
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

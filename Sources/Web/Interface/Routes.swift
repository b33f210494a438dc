/// Finds the operation that a request asks for.
struct Routes: Sendable {
    /// What a path and a method lead to.
    enum Match {
        case operation(Operation, path: [String: String])
        /// The path is one; these methods are its.
        case otherMethod(allowed: [String])
        case none
    }

    private final class Node: Sendable {
        let fixed: [String: Node]
        let parameter: Node?
        /// The operations that end here, by their methods as HTTP writes them.
        let operations: [String: Operation]

        init(_ operations: [(rest: ArraySlice<String>, operation: Operation)]) {
            self.operations = Dictionary(
                uniqueKeysWithValues: operations.filter(\.rest.isEmpty).map { ($0.operation.method.rawValue.uppercased(), $0.operation) })
            let longer = operations.filter { !$0.rest.isEmpty }
            let groups = Dictionary(grouping: longer) { Routes.isParameter($0.rest.first ?? "") ? nil : $0.rest.first }
            var fixed: [String: Node] = [:]
            for case (let name?, let group) in groups { fixed[name] = Node(group.map { ($0.rest.dropFirst(), $0.operation) }) }
            self.fixed = fixed
            parameter = groups[nil].map { Node($0.map { ($0.rest.dropFirst(), $0.operation) }) }
        }
    }

    private let root: Node

    /// - Precondition: no two operations have one method and one path.
    init(_ operations: [Operation]) {
        root = Node(operations.map { ($0.segments[...], $0) })
    }

    private static func isParameter(_ segment: String) -> Bool { segment.hasPrefix("{") }

    /// - Parameter path: as it was sent, without the query; its parts are decoded here, after they were divided.
    /// - Throws: ``Problem`` where a part is not one.
    func match(_ method: String, _ path: String) throws(Problem) -> Match {
        guard path.hasPrefix("/") else { return .none }
        var segments: [String] = []
        for part in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) { segments.append(try PercentEncoding.decoded(part)) }
        guard let node = Self.find(segments[...], from: root), !node.operations.isEmpty else { return .none }
        guard let operation = node.operations[method] ?? (method == "HEAD" ? node.operations["GET"] : nil) else {
            var allowed = Array(node.operations.keys)
            if allowed.contains("GET"), !allowed.contains("HEAD") { allowed.append("HEAD") }
            return .otherMethod(allowed: allowed.sorted())
        }
        var values: [String: String] = [:]
        for (name, value) in zip(operation.segments, segments) where Self.isParameter(name) { values[String(name.dropFirst().dropLast())] = value }
        return .operation(operation, path: values)
    }

    private static func find(_ segments: ArraySlice<String>, from node: Node) -> Node? {
        guard let first = segments.first else { return node }
        // A fixed word comes before a parameter; there is no way back, so `/evidence/search` is never an item.
        guard let next = node.fixed[first] ?? (first.isEmpty ? nil : node.parameter) else { return nil }
        return find(segments.dropFirst(), from: next)
    }
}

/// Percent-encoding as paths and queries have it.
enum PercentEncoding {
    /// - Throws: ``Problem`` where an escape is none, or the text is not UTF-8.
    static func decoded(_ text: Substring, plusIsSpace: Bool = false) throws(Problem) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else { return String(text) }
        let bytes = Array(text.utf8)
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "%"):
                guard index + 2 < bytes.count, let high = hexValue(bytes[index + 1]), let low = hexValue(bytes[index + 2]) else {
                    throw Problem.malformed("cannot read the address: a % is not followed by two hexadecimal digits")
                }
                decoded.append(high << 4 | low)
                index += 2
            case UInt8(ascii: "+") where plusIsSpace: decoded.append(0x20)
            case let byte: decoded.append(byte)
            }
            index += 1
        }
        guard let text = String(validating: decoded, as: UTF8.self) else { throw Problem.malformed("cannot read the address: it is not UTF-8") }
        return text
    }

    /// The text with all but unreserved characters (RFC 3986) escaped.
    static func encoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return encoded
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}

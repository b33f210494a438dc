import CZlib
import Foundation
import Testing

/// PNGs made and read for a test, with zlib alone (ISO/IEC 15948).
enum TestPNG {
    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    static func big(_ number: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) } }

    static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        let named = Array(name.utf8) + data
        return big(data.count) + named + big(Int(crc32(0, named, UInt32(named.count))))
    }

    static func header(width: Int, height: Int, depth: UInt8, colour: UInt8, interlaced: Bool = false) -> [UInt8] {
        chunk("IHDR", big(width) + big(height) + [depth, colour, 0, 0, interlaced ? 1 : 0])
    }

    static func deflated(_ bytes: [UInt8]) -> [UInt8] {
        var size = compressBound(UInt(bytes.count))
        var result = [UInt8](repeating: 0, count: Int(size))
        compress2(&result, &size, bytes, UInt(bytes.count), 6)
        return Array(result[..<Int(size)])
    }

    /// An image of rows that are packed as the header says; `chunks` stand before the pixels.
    static func image(_ header: [UInt8], rows: [[UInt8]], chunks: [UInt8] = []) -> [UInt8] {
        signature + header + chunks + chunk("IDAT", deflated(rows.flatMap { [0] + $0 })) + chunk("IEND", [])
    }

    /// An interlaced image of RGB with 8 bits.
    static func interlaced(_ picture: Picture) -> [UInt8] {
        let passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
        let rows = passes.flatMap { x, y, right, down -> [[UInt8]] in
            guard x < picture.width else { return [] }
            return stride(from: y, to: picture.height, by: down).map { line in
                stride(from: x, to: picture.width, by: right).flatMap { picture[$0, line] }
            }
        }
        return image(header(width: picture.width, height: picture.height, depth: 8, colour: 2, interlaced: true), rows: rows)
    }

    static func plain(_ picture: Picture, chunks: [UInt8] = []) -> [UInt8] {
        let rows = (0..<picture.height).map { y in (0..<picture.width).flatMap { picture[$0, y] } }
        return image(header(width: picture.width, height: picture.height, depth: 8, colour: 2), rows: rows, chunks: chunks)
    }

    /// The names of the chunks, in order.
    static func chunkNames(_ png: [UInt8]) -> [String] {
        var names: [String] = []
        var offset = 8
        while offset + 12 <= png.count {
            names.append(String(decoding: png[offset + 4..<offset + 8], as: UTF8.self))
            offset += 12 + png[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        return names
    }

    /// Reads a PNG of RGB with 8 bits, every checksum checked.
    static func read(_ png: [UInt8]) throws -> Picture {
        try #require(png.starts(with: signature))
        var data: [UInt8] = []
        var (width, height) = (0, 0)
        var offset = 8
        while offset + 12 <= png.count {
            let length = png[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
            let named = Array(png[offset + 4..<offset + 8 + length])
            try #require(big(Int(crc32(0, named, UInt32(named.count)))) == Array(png[offset + 8 + length..<offset + 12 + length]))
            switch String(decoding: named[..<4], as: UTF8.self) {
            case "IHDR":
                width = named[4..<8].reduce(0) { $0 << 8 | Int($1) }
                height = named[8..<12].reduce(0) { $0 << 8 | Int($1) }
                try #require(Array(named[12...]) == [8, 2, 0, 0, 0])
            case "IDAT": data += named[4...]
            default: break
            }
            offset += 12 + length
        }
        var size = UInt(height * (1 + 3 * width))
        var raw = [UInt8](repeating: 0, count: Int(size))
        try #require(uncompress(&raw, &size, data, UInt(data.count)) == Z_OK)
        try #require(Int(size) == raw.count)
        return Picture(width: width, height: height, bytes: try unfiltered(raw, rowSize: 3 * width))
    }

    private static func unfiltered(_ raw: [UInt8], rowSize: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(raw.count)
        var above = [UInt8](repeating: 0, count: rowSize)
        for start in stride(from: 0, to: raw.count, by: rowSize + 1) {
            var row = Array(raw[start + 1...start + rowSize])
            for index in 0..<rowSize {
                let left = index >= 3 ? row[index - 3] : 0
                switch raw[start] {
                case 0: break
                case 1: row[index] &+= left
                case 2: row[index] &+= above[index]
                case let filter: throw UnknownFilter(filter: filter)
                }
            }
            bytes += row
            above = row
        }
        return bytes
    }

    struct UnknownFilter: Error { let filter: UInt8 }
}

/// Pixels of RGB.
struct Picture: Equatable, CustomStringConvertible {
    let width: Int
    let height: Int
    var bytes: [UInt8]

    /// Not its pixels: a test that fails would print them all.
    var description: String { "\(width) × \(height) pixels" }

    init(width: Int, height: Int, bytes: [UInt8]) {
        self.width = width
        self.height = height
        self.bytes = bytes
    }

    init(width: Int, height: Int, _ pixel: (_ x: Int, _ y: Int) -> [UInt8]) {
        self.init(width: width, height: height, bytes: (0..<height).flatMap { y in (0..<width).flatMap { x in pixel(x, y) } })
    }

    subscript(x: Int, y: Int) -> [UInt8] { Array(bytes[3 * (y * width + x)..<3 * (y * width + x) + 3]) }

    /// Mean brightness of squares of `side` pixels, row by row.
    func squares(_ side: Int) -> [Double] {
        stride(from: 0, to: height - side + 1, by: side).flatMap { top in
            stride(from: 0, to: width - side + 1, by: side).map { left in
                var sum = 0
                for y in top..<top + side {
                    for index in 3 * (y * width + left)..<3 * (y * width + left + side) { sum += Int(bytes[index]) }
                }
                return Double(sum) / Double(3 * side * side)
            }
        }
    }

    /// Reads a binary PPM (netpbm).
    init(ppm: [UInt8]) throws {
        var fields: [Int] = []
        var offset = 2
        try #require(ppm.starts(with: Array("P6".utf8)))
        while fields.count < 3 {
            while ppm[offset] <= 0x20 { offset += 1 }
            var number = 0
            while ppm[offset] > 0x20 {
                number = number * 10 + Int(ppm[offset]) - 48
                offset += 1
            }
            fields.append(number)
        }
        self.init(width: fields[0], height: fields[1], bytes: Array(ppm[(offset + 1)...]))
        try #require(fields[2] == 255 && bytes.count == 3 * width * height)
    }
}

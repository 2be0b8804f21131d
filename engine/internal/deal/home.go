package deal

import (
	"encoding/binary"
	"net/netip"
)

// Buckets is how many groups clients are divided into. A client's home slot is
// that of its group, so that the kernel can deal by client with a program of
// bounded size.
const Buckets = 1 << bucketBits

const bucketBits = 9

// Spread is the odd number near 2^32 divided by the golden ratio: the upper bits
// of a product with it differ for addresses that follow each other (Knuth, The
// Art of Computer Programming 3, section 6.4).
const Spread = 2654435761

// Bucket is the group of a client: by its IPv4 address, or by the first 64 bits
// of its IPv6 address, since a machine may use any address of its /64 (RFC 4941).
// The gate program of a sticky address computes the same.
func Bucket(from netip.Addr) int {
	from = from.Unmap()
	var h uint32
	if from.Is4() {
		b := from.As4()
		h = binary.BigEndian.Uint32(b[:])
	} else {
		b := from.As16()
		h = binary.BigEndian.Uint32(b[0:])*Spread + binary.BigEndian.Uint32(b[4:])
	}
	return int(h * Spread >> (32 - bucketBits))
}

// Home is the slot of a bucket, one of slots: that with the highest rank. So a
// slot that goes gives its buckets to the others, gets them back when it comes
// again, and all other buckets stay where they are (rendezvous hashing, Thaler
// and Ravishankar 1998). slots must not be empty.
func Home(bucket int, slots []int) int {
	home, best := slots[0], rank(bucket, slots[0])
	for _, s := range slots[1:] {
		if r := rank(bucket, s); r > best {
			home, best = s, r
		}
	}
	return home
}

// rank is the place of a slot in the order of a bucket: highest first. It is the
// mixing function of splitmix64, which is one to one, so no two slots are equal.
func rank(bucket, slot int) uint64 {
	x := uint64(bucket)<<32 | uint64(uint32(slot))
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

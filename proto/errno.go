package proto

import "syscall"

// errnoName returns the name of the errors that sockets and files meet, "" for others.
func errnoName(e syscall.Errno) string {
	switch e {
	case syscall.EPERM:
		return "EPERM"
	case syscall.ENOENT:
		return "ENOENT"
	case syscall.EINTR:
		return "EINTR"
	case syscall.EIO:
		return "EIO"
	case syscall.ENXIO:
		return "ENXIO"
	case syscall.EBADF:
		return "EBADF"
	case syscall.EAGAIN:
		return "EAGAIN"
	case syscall.ENOMEM:
		return "ENOMEM"
	case syscall.EACCES:
		return "EACCES"
	case syscall.EBUSY:
		return "EBUSY"
	case syscall.EEXIST:
		return "EEXIST"
	case syscall.ENODEV:
		return "ENODEV"
	case syscall.ENOTDIR:
		return "ENOTDIR"
	case syscall.EISDIR:
		return "EISDIR"
	case syscall.EINVAL:
		return "EINVAL"
	case syscall.ENFILE:
		return "ENFILE"
	case syscall.EMFILE:
		return "EMFILE"
	case syscall.ENOSPC:
		return "ENOSPC"
	case syscall.EROFS:
		return "EROFS"
	case syscall.EPIPE:
		return "EPIPE"
	}
	return networkErrnoName(e)
}

// networkErrnoName is errnoName for the errors that only sockets meet.
func networkErrnoName(e syscall.Errno) string {
	switch e {
	case syscall.ENAMETOOLONG:
		return "ENAMETOOLONG"
	case syscall.ELOOP:
		return "ELOOP"
	case syscall.ENOTSOCK:
		return "ENOTSOCK"
	case syscall.EMSGSIZE:
		return "EMSGSIZE"
	case syscall.EPROTOTYPE:
		return "EPROTOTYPE"
	case syscall.EOPNOTSUPP:
		return "EOPNOTSUPP"
	case syscall.EAFNOSUPPORT:
		return "EAFNOSUPPORT"
	case syscall.EADDRINUSE:
		return "EADDRINUSE"
	case syscall.EADDRNOTAVAIL:
		return "EADDRNOTAVAIL"
	case syscall.ENETDOWN:
		return "ENETDOWN"
	case syscall.ENETUNREACH:
		return "ENETUNREACH"
	case syscall.ECONNABORTED:
		return "ECONNABORTED"
	case syscall.ECONNRESET:
		return "ECONNRESET"
	case syscall.ENOBUFS:
		return "ENOBUFS"
	case syscall.EISCONN:
		return "EISCONN"
	case syscall.ENOTCONN:
		return "ENOTCONN"
	case syscall.ETIMEDOUT:
		return "ETIMEDOUT"
	case syscall.ECONNREFUSED:
		return "ECONNREFUSED"
	case syscall.EHOSTDOWN:
		return "EHOSTDOWN"
	case syscall.EHOSTUNREACH:
		return "EHOSTUNREACH"
	}
	return ""
}

/* vpcd with a label on it: a virtual reader that says how much it carries, carries no more, and can stop answering.
 *
 * Stands before the driver of vpcd (VPCD) and hands everything on. The file STATE holds three numbers: how many bytes
 * of data it announces (dwMaxAPDUDataSize; 0: it announces nothing), how many its buffer holds, and whether it is dead.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <ifdhandler.h>
#include <reader.h>

#define PROPERTIES SCARD_CTL_CODE(2161)
#define HEADER 10

static void state(unsigned long *announced, unsigned long *buffer, int *gone)
{
	FILE *file = fopen(STATE, "r");
	*announced = *buffer = *gone = 0;
	if (file) {
		if (fscanf(file, "%lu %lu %d", announced, buffer, gone) != 3)
			*gone = 1;
		fclose(file);
	}
}

static void *real(const char *name)
{
	static void *library;
	if (!library)
		library = dlopen(VPCD, RTLD_NOW | RTLD_LOCAL);
	return library ? dlsym(library, name) : NULL;
}

#define FORWARD(name, types, values) \
	RESPONSECODE name types { RESPONSECODE (*there) types = real(#name); return there ? there values : IFD_COMMUNICATION_ERROR; }

FORWARD(IFDHCreateChannel, (DWORD lun, DWORD channel), (lun, channel))
FORWARD(IFDHCreateChannelByName, (DWORD lun, LPSTR name), (lun, name))
FORWARD(IFDHCloseChannel, (DWORD lun), (lun))
FORWARD(IFDHGetCapabilities, (DWORD lun, DWORD tag, PDWORD length, PUCHAR value), (lun, tag, length, value))
FORWARD(IFDHSetCapabilities, (DWORD lun, DWORD tag, DWORD length, PUCHAR value), (lun, tag, length, value))
FORWARD(IFDHSetProtocolParameters, (DWORD lun, DWORD protocol, UCHAR flags, UCHAR a, UCHAR b, UCHAR c),
	(lun, protocol, flags, a, b, c))
FORWARD(IFDHPowerICC, (DWORD lun, DWORD action, PUCHAR atr, PDWORD length), (lun, action, atr, length))

RESPONSECODE IFDHTransmitToICC(DWORD lun, SCARD_IO_HEADER send, PUCHAR command, DWORD command_length, PUCHAR answer,
	PDWORD answer_length, PSCARD_IO_HEADER receive)
{
	unsigned long announced, buffer;
	int gone;
	RESPONSECODE (*there)(DWORD, SCARD_IO_HEADER, PUCHAR, DWORD, PUCHAR, PDWORD, PSCARD_IO_HEADER) =
		real("IFDHTransmitToICC");
	state(&announced, &buffer, &gone);
	if (gone || !there || command_length + HEADER > buffer) {
		*answer_length = 0;
		return IFD_COMMUNICATION_ERROR;
	}
	return there(lun, send, command, command_length, answer, answer_length, receive);
}

RESPONSECODE IFDHControl(DWORD lun, DWORD code, PUCHAR sent, DWORD sent_length, PUCHAR answer, DWORD room,
	LPDWORD length)
{
	unsigned long announced, buffer;
	int gone;
	(void)lun; (void)sent; (void)sent_length;
	state(&announced, &buffer, &gone);
	*length = 0;
	if (!announced || room < 6 || (code != CM_IOCTL_GET_FEATURE_REQUEST && code != PROPERTIES))
		return IFD_ERROR_NOT_SUPPORTED;
	answer[0] = code == PROPERTIES ? PCSCv2_PART10_PROPERTY_dwMaxAPDUDataSize : FEATURE_GET_TLV_PROPERTIES;
	answer[1] = 4;
	for (int at = 0; at < 4; at++)
		answer[2 + at] = code == PROPERTIES ? announced >> 8 * at : (unsigned long)PROPERTIES >> 8 * (3 - at);
	*length = 6;
	return IFD_SUCCESS;
}

RESPONSECODE IFDHICCPresence(DWORD lun)
{
	unsigned long announced, buffer;
	int gone;
	RESPONSECODE (*there)(DWORD) = real("IFDHICCPresence");
	state(&announced, &buffer, &gone);
	return gone || !there ? IFD_COMMUNICATION_ERROR : there(lun);
}

import "systeminformation";
